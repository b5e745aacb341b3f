import path from 'node:path';
import type { Container } from '../container.ts';
import type { Workload } from '../description.ts';
import type { PeerCall, PeerOrders } from '../programs/peer-messages.ts';

const PROGRAM = path.join(import.meta.dirname, '../programs/peer.ts');

/** A program that tells its callers who it is, and calls others itself: for who wants to know who answered each call. */
export function peer({
  identity,
  port = 7000,
}: {
  readonly identity: string;
  readonly port?: number;
}): Workload {
  return () => ({ command: [process.execPath, PROGRAM, identity, String(port)], listens: [{ port }] });
}

/** Tells a peer whom to call from now on. */
export function orderPeer({ main }: Container, orders: PeerOrders): void {
  main.write(JSON.stringify(orders));
}

/** The calls of a peer that were answered, as it makes them, until it ends. */
export async function* peerCalls({ main }: Container): AsyncGenerator<readonly PeerCall[]> {
  for (;;) {
    try {
      yield await main.json<PeerCall[]>();
    } catch (error) {
      if (main.hasEnded) return;
      throw error;
    }
  }
}
