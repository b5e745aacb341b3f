import path from 'node:path';
import type { Container } from '../container.ts';
import type { Workload } from '../description.ts';

const PROGRAM = path.join(import.meta.dirname, '../programs/exchange.ts');

/** What an exchange server counted since its start. Bytes are payload. */
export interface ExchangeCounts {
  readonly tcp: {
    readonly connections: number;
    readonly requests: number;
    readonly receivedBytes: number;
    readonly sentBytes: number;
  };
  readonly udp: {
    readonly receivedDatagrams: number;
    readonly sentDatagrams: number;
    readonly receivedBytes: number;
    readonly sentBytes: number;
  };
}

/** A server that answers the load generator's requests with as many bytes as they ask for, over TCP and UDP. */
export function exchange({ port = 7000 }: { readonly port?: number } = {}): Workload {
  return () => ({
    command: [process.execPath, PROGRAM, String(port)],
    listens: [{ port }, { port, protocol: 'udp' }],
  });
}

/** What an exchange server counted itself. */
export function exchangeCounts({ main }: Container): Promise<ExchangeCounts> {
  main.write('counts');
  return main.json();
}
