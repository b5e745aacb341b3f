/** Told a number, starts so many processes, one after the other, each of which ends at once; then answers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A shell starts programs at a tenth of what it costs a process of Node's size. */
const SCRIPT =
  'read count; while [ -n "$count" ]; do i=0; while [ $i -lt $count ]; do /bin/true; i=$((i+1)); done; echo done; read count; done';

const shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });

process.on('message', async (processes: number) => {
  shell.stdin.write(`${processes}\n`);
  await once(shell.stdout, 'data');
  process.send?.(processes);
});
process.on('disconnect', () => shell.kill());
process.send?.('ready');
