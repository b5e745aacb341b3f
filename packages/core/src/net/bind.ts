import type { ListenOptions, Server } from 'node:net';

/** Where to listen, or the descriptor of a socket that listens already. */
export type BindOptions = ListenOptions | { readonly fd: number };

/** Has a server listen; rejects with the system's error. */
export async function bind(server: Server, options: BindOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
