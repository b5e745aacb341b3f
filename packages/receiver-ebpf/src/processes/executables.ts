import {
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_PROCESS_EXECUTABLE_PATH,
  EncodedAttribute,
} from '@tributary/core';
import { PROCESS_FLAG, type ProcessRecord } from './process-record.ts';

/** Programs that are kept; when there are more, it begins anew. */
const MAX_EXECUTABLES = 4096;

/** A program file, made into wire bytes once. */
export interface Executable {
  /** The base name. */
  readonly name: string;
  /** As the process sees it; undefined if it was too long. */
  readonly path: string | undefined;
  readonly nameAttribute: EncodedAttribute;
  readonly pathAttribute: EncodedAttribute | undefined;
}

/** The programs that processes run: one object for each, whoever runs it. */
export class Executables {
  readonly #known = new Map<string, Executable>();

  /** The program that a record names; undefined if it names none. */
  of(record: ProcessRecord): Executable | undefined {
    const { view, pathOffset, pathBytes, flags } = record;
    if (pathBytes === 0) return undefined;
    const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + pathOffset, pathBytes);
    const isComplete = (flags & PROCESS_FLAG.PROCESS_PATH_COMPLETE) !== 0;
    // Latin-1 keeps every byte, so different paths have different keys.
    const key = (isComplete ? '/' : '') + bytes.toString('latin1');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const executable = describe(bytes, isComplete);
    if (this.#known.size >= MAX_EXECUTABLES) this.#known.clear();
    this.#known.set(key, executable);
    return executable;
  }
}

/** The parts of a path from its last to its first, each ended by 0. What is no UTF-8 becomes U+FFFD. */
function describe(bytes: Buffer, isComplete: boolean): Executable {
  const parts = bytes.toString('utf8').split('\0').slice(0, -1);
  const name = parts[0] ?? '';
  const path = isComplete ? `/${parts.reverse().join('/')}` : undefined;
  return {
    name,
    path,
    nameAttribute: new EncodedAttribute(ATTR_PROCESS_EXECUTABLE_NAME, name),
    pathAttribute: path === undefined ? undefined : new EncodedAttribute(ATTR_PROCESS_EXECUTABLE_PATH, path),
  };
}
