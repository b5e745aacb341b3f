/**
 * Nanoseconds to ask the kernel where it sent one connection: `unshare -n node bench/micro/conntrack.ts`, as root. It makes a
 * rule and a connection, so it wants a network namespace of its own.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { addressKey, type Connection } from '../../packages/core/src/index.ts';
import { ConntrackTable } from '../../packages/receiver-ebpf/src/flows/conntrack/conntrack-table.ts';
import { nanosecondsPerCall } from './measure.ts';

const SERVICE = '127.0.0.2';
const SERVICE_PORT = 80;

const server = createServer().listen(0, '127.0.0.1');
execFileSync('ip', ['link', 'set', 'lo', 'up']);
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
execFileSync('nft', [
  `table ip bench {
    chain output {
      type nat hook output priority -100
      ip daddr ${SERVICE} tcp dport ${SERVICE_PORT} dnat to 127.0.0.1:${port}
    }
  }`,
]);
const client = connect({ host: SERVICE, port: SERVICE_PORT });
await once(client, 'connect');

const known: Connection = {
  transport: 'tcp',
  sourceAddress: addressKey('127.0.0.1') ?? 0,
  sourcePort: client.localPort ?? 0,
  destinationAddress: addressKey(SERVICE) ?? 0,
  destinationPort: SERVICE_PORT,
};
const table = new ConntrackTable();
console.log('answer', table.find(known));
for (const [what, connection] of [
  ['translated', known],
  ['unknown', { ...known, sourcePort: 1 }],
] as const) {
  const nanoseconds = nanosecondsPerCall(() => table.find(connection));
  console.log(`${what}: ${(nanoseconds / 1000).toFixed(1)} us a connection`);
}
table.close();
client.destroy();
server.close();
