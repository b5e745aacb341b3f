import { cpus, release, totalmem } from 'node:os';

/** The machine and the day, for the head of a table. */
export function machineDescription(): string {
  const processors = cpus();
  const gib = Math.round(totalmem() / 1024 ** 3);
  const day = new Date().toISOString().slice(0, 10);
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown CPU'}, ${gib} GiB, Linux ${release()}, Node ${process.version}, ${day}`;
}
