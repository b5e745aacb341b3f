import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '@tributary/core';

/** Node's names of the architectures that have prebuilt objects, and clang's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'arm64' };

/** Where the objects lie, one folder an architecture. */
export const PREBUILT_DIR = fileURLToPath(new URL('../../../bpf/prebuilt/', import.meta.url));

/** The file of a prebuilt object, such as `tcp`, for an architecture in Node's words; this machine's unless given. */
export function prebuiltPath(name: string, arch: string = process.arch): string {
  const folder = ARCHITECTURES[arch];
  if (folder === undefined) {
    throw new PipelineError(
      'BPF_UNAVAILABLE',
      `bpf: there are no programs for this architecture (${arch}). Use x64 or arm64.`,
    );
  }
  return path.join(PREBUILT_DIR, folder, `${name}.bpf.o`);
}

/** The bytes of a prebuilt object for this machine. */
export function readPrebuilt(name: string): Uint8Array {
  const file = prebuiltPath(name);
  if (!existsSync(file)) {
    throw new PipelineError(
      'BPF_UNAVAILABLE',
      `bpf: the object ${name}.bpf.o is missing. Build it with \`npm run bpf\`.`,
    );
  }
  return readFileSync(file);
}
