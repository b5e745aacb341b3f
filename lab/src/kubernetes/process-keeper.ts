import { spawn } from 'node:child_process';

/**
 * Reads lines of pids, the last of which counts. When the owner says `done` it ends; when its input ends without that, the
 * owner was killed: it kills those processes and removes the folder, which a dying etcd may still write to.
 */
const KEEP = `folder=$1; pids=
while read -r line; do [ "$line" = done ] && exit 0; pids=$line; done
for tried in 1 2 3 4 5 6 7 8 9 10; do
  for pid in $pids; do kill -KILL "$pid"; done
  rm -rf "$folder" && [ ! -e "$folder" ] && exit 0
  sleep 0.2
done`;

/** Kills processes and removes a folder when this process ends without having done so, however that comes about. */
export class ProcessKeeper {
  readonly #child;

  constructor(folder: string) {
    this.#child = spawn('sh', ['-c', KEEP, 'sh', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#child.stdin.on('error', () => {});
    this.#child.unref();
  }

  /** Says which processes there are now, instead of those of before. */
  watch(pids: readonly number[]): void {
    this.#child.stdin.write(`${pids.join(' ')}\n`);
  }

  /** All is removed. */
  dismiss(): void {
    this.#child.stdin.end('done\n');
  }
}
