import { PipelineError } from '@tributary/core';
import { BpfObject } from './bpf-object.ts';

/** Whether this kernel takes one program of an object. */
export interface ProgramProbe {
  readonly program: string;
  /** What it attaches to. */
  readonly section: string;
  readonly loads: boolean;
  /** Why not, in plain words. */
  readonly problem?: string;
  /** The verifier's log of a refused program. */
  readonly verifierLog?: string;
}

/**
 * Tries to load each program of an object, attaches none and leaves nothing behind. Throws what `BpfObject` throws where
 * not even the maps can be made.
 */
export function probeObject(bytes: Uint8Array, name: string): ProgramProbe[] {
  const object = new BpfObject(bytes, { name });
  try {
    return object.programs.map(({ name: program, section }) => {
      try {
        object.load(program);
        return { program, section, loads: true };
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        const { verifierLog } = error.details;
        return {
          program,
          section,
          loads: false,
          problem: error.message,
          ...(typeof verifierLog === 'string' && verifierLog !== '' ? { verifierLog } : {}),
        };
      }
    });
  } finally {
    object.close();
  }
}
