/**
 * Loaded into the process under test before the program (`--import`): tells its parent what the process holds. Objects
 * are counted after a full collection, by their class, so that one connection too many is seen and the noise of a
 * heap's size is not.
 */
import { getHeapStatistics, queryObjects } from 'node:v8';
import { Batch } from '@tributary/core';
import { PlainConnection } from '../../packages/core/src/net/http1/plain-connection.ts';
import { ClientCall } from '../../packages/grpc/src/client/client-call.ts';
import { ClientConnection } from '../../packages/grpc/src/client/client-connection.ts';
import { ServerCall } from '../../packages/grpc/src/server/server-call.ts';
import { ServerConnection } from '../../packages/grpc/src/server/server-connection.ts';
import { type NativeMemory, nativeMemory, trimNativeMemory } from './native-memory.ts';

/** Bytes of the process, by who gave them. */
export interface Memory {
  /** Of V8's heap: in use, and resident. */
  readonly heapBytes: number;
  readonly heapResidentBytes: number;
  /** Of buffers: they are malloc's, and V8 knows of them. */
  readonly bufferBytes: number;
  /** Of malloc, buffers among them: in use, and free but kept. Undefined where malloc does not tell. */
  readonly native: NativeMemory | undefined;
}

/** What the process holds. */
export interface Holdings extends Memory {
  /** Live objects that stand for something under way. */
  readonly objects: Readonly<Record<string, number>>;
  /** What keeps the event loop busy, by kind, as Node calls it. */
  readonly resources: Readonly<Record<string, number>>;
}

/** What can be asked: `memory` as it is, `holdings` after a full collection and with what malloc has free given back. */
export type Question = 'memory' | 'holdings';

const WATCHED = {
  batches: Batch,
  calls: ServerCall,
  connections: ServerConnection,
  httpConnections: PlainConnection,
  outgoingCalls: ClientCall,
  outgoingConnections: ClientConnection,
} as const;

function memory(): Memory {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const heapResidentBytes = getHeapStatistics().total_physical_size;
  return { heapBytes: heapUsed, heapResidentBytes, bufferBytes: arrayBuffers, native: nativeMemory() };
}

function holdings(): Holdings {
  const objects = Object.fromEntries(
    Object.entries(WATCHED).map(([name, type]) => [name, queryObjects(type) as number]),
  );
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  trimNativeMemory();
  return { ...memory(), objects, resources };
}

process.on('message', (question: Question) => process.send?.(question === 'memory' ? memory() : holdings()));
// The parent's questions do not keep the process alive.
process.channel?.unref();
