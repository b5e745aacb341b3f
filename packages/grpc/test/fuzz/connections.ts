/** Both sides of a connection, fed what the other side never should send. */
import type { Socket } from 'node:net';
import { FakeSocket, type FuzzTarget } from '@tributary/testkit';
import { ClientCall } from '../../src/client/client-call.ts';
import { ClientConnection } from '../../src/client/client-connection.ts';
import { GrpcError } from '../../src/grpc-error.ts';
import type { EndReason } from '../../src/http2/connection-error.ts';
import { PREFACE } from '../../src/http2/protocol.ts';
import { ServerConnection } from '../../src/server/server-connection.ts';
import { serverLimits } from '../../src/server/server-limits.ts';
import { ServerMemory } from '../../src/server/server-memory.ts';
import type { UnaryHandler } from '../../src/transport.ts';
import { PATH } from '../http2/frames.ts';
import { SEEDS, TOKENS } from './material.ts';

const MAX_RECEIVE_BYTES = 10_000;
const CALLS = 3;
const MAX_OUTCOMES = 6;

/** The first two bytes of an input say how it is cut. */
function cutsOf(input: Buffer): readonly number[] {
  return [1 + (input[0] ?? 0) * 8, 1 + (input[1] ?? 0)];
}

/** About how much was written. */
const sizeOf = ({ writtenBytes }: FakeSocket): number => Math.round(4 * Math.log2(writtenBytes + 1));

const withCuts = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([255, 20]), bytes]);

/** A server that answers with what it was sent: no error of ours is the end, and nothing stays reserved. */
export function serverTarget(): FuzzTarget {
  let outcomes: string[] = [];
  const echo: UnaryHandler = ({ message }) => {
    outcomes.push(String(Math.round(2 * Math.log2(message.length + 1))));
    if (message.length === 3) throw new GrpcError({ code: 3, message: 'three bytes' });
    return message.length === 4 ? Promise.resolve(message) : message;
  };
  const methods = new Map([[PATH, echo]]);
  const limits = serverLimits({ methods, maxReceiveBytes: MAX_RECEIVE_BYTES });
  let memory = new ServerMemory(limits.memoryBytes);
  return {
    name: 'server',
    seeds: SEEDS.clientTraffic.map(withCuts),
    tokens: TOKENS,
    run(input) {
      const socket = new FakeSocket();
      const ended: EndReason[] = [];
      outcomes = [];
      let closed = 0;
      new ServerConnection(socket as unknown as Socket, {
        methods,
        limits,
        memory,
        onRefused: (reason) => outcomes.push(reason),
        onAnswerLost: () => undefined,
        onEnded: (reason) => ended.push(reason),
        onClosed: () => {
          closed += 1;
        },
      });
      socket.feed(Buffer.concat([PREFACE, input.subarray(2)]), cutsOf(input), { reuses: true });
      if (ended.includes('internal')) throw new Error('the connection was ended by an error of ours');
      if (ended.length > 1 || closed !== 1)
        throw new Error(`ended ${ended.length} times, closed ${closed} times`);
      return [ended, ...outcomes.slice(0, MAX_OUTCOMES)].join(' ');
    },
    check() {
      const left = memory.bytes;
      if (left === 0) return;
      memory = new ServerMemory(limits.memoryBytes);
      throw new Error(`${left} bytes are reserved when all connections are gone`);
    },
  };
}

/** A client with calls under way: each of them ends, once. */
export function clientTarget(): FuzzTarget {
  let underWay = 0;
  let strange: unknown;
  const settled = (error?: unknown): void => {
    underWay -= 1;
    if (error !== undefined && !(error instanceof GrpcError)) strange = error;
  };
  const owner = {
    dispatch: (call: ClientCall) => call.fail(new GrpcError({ code: 14, message: 'not taken' })),
    onSettled: () => undefined,
  };
  return {
    name: 'client',
    seeds: SEEDS.serverTraffic.map(withCuts),
    tokens: TOKENS,
    run(input) {
      const socket = new FakeSocket();
      let outcome = '';
      const connection: ClientConnection = new ClientConnection(
        socket as unknown as Socket,
        {
          scheme: 'http',
          authority: 'localhost',
          userAgent: 'test',
          maxReceiveBytes: MAX_RECEIVE_BYTES,
          keepalive: {},
        },
        {
          onReady: () => {
            for (let count = 0; count < CALLS; count += 1) {
              const call = new ClientCall({ path: PATH, message: [Buffer.alloc(40)] }, owner);
              underWay += 1;
              call.promise.then(() => settled(), settled);
              if (connection.hasRoom) connection.send(call);
              else owner.dispatch(call);
            }
          },
          onRoom: () => undefined,
          onRetired: () => undefined,
          onClosed: (_, error) => {
            outcome = error.message;
          },
        },
      );
      socket.feed(input.subarray(2), cutsOf(input), { reuses: true });
      return `${outcome} ${sizeOf(socket)}`;
    },
    check() {
      const left = underWay;
      const error = strange;
      underWay = 0;
      strange = undefined;
      if (error !== undefined) throw error;
      if (left !== 0) throw new Error(`${left} calls have no end`);
    },
  };
}
