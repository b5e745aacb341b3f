/**
 * Loaded into the process under test before the program (`--import`): tells its parent what the process holds. Objects are counted
 * after a full collection, by their class, so that one connection too many is seen and the noise of a heap's size is not.
 */
import { queryObjects } from 'node:v8';
import { Batch } from '@tributary/core';
import { PlainConnection } from '../../packages/core/src/net/http1/plain-connection.ts';
import { ClientCall } from '../../packages/grpc/src/client/client-call.ts';
import { ClientConnection } from '../../packages/grpc/src/client/client-connection.ts';
import { ServerCall } from '../../packages/grpc/src/server/server-call.ts';
import { ServerConnection } from '../../packages/grpc/src/server/server-connection.ts';

/** What the process holds. */
export interface Holdings {
  /** Live objects that stand for something under way. */
  readonly objects: Readonly<Record<string, number>>;
  /** What keeps the event loop busy, by kind, as Node calls it. */
  readonly resources: Readonly<Record<string, number>>;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

const WATCHED = {
  batches: Batch,
  calls: ServerCall,
  connections: ServerConnection,
  httpConnections: PlainConnection,
  outgoingCalls: ClientCall,
  outgoingConnections: ClientConnection,
} as const;

function holdings(): Holdings {
  const objects = Object.fromEntries(
    Object.entries(WATCHED).map(([name, type]) => [name, queryObjects(type) as number]),
  );
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { objects, resources, heapBytes: heapUsed, externalBytes: external + arrayBuffers };
}

process.on('message', () => process.send?.(holdings()));
// The parent's questions do not keep the process alive.
process.channel?.unref();
