import type { ListenOptions, Server } from 'node:net';

/** Has a server listen; rejects with the system's error. */
export async function bind(server: Server, options: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
