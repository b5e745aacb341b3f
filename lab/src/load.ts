import path from 'node:path';
import type { Container } from './container.ts';
import type { LabProcess } from './lab-process.ts';
import type { Pod } from './pod.ts';
import type { LoadOptions, LoadReport } from './programs/load-options.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/load.ts');

/** Makes connections and requests from a pod, exactly so many as it is told to, and returns what it really made. */
export async function load(from: Pod | Container, options: LoadOptions): Promise<LoadReport> {
  const process = startLoad(from, options);
  const report = await process.json<LoadReport>();
  await process.end();
  return report;
}

/** The same, for who wants its pid, or its connections held open (`hold`): the report is its first line (`json`). */
export function startLoad(from: Pod | Container, options: LoadOptions): LabProcess {
  return from.spawn([process.execPath, PROGRAM, JSON.stringify(options)]);
}
