import { connect as connectTcp, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Signal } from '@tributary/core';
import { type GrpcClient, http2Transport, type UnaryCall } from '@tributary/grpc';

/** A prepared request: its body as it goes over the wire, and how many items it carries. */
export interface PreparedRequest {
  readonly signal: Signal;
  readonly encoding: 'none' | 'gzip' | 'zstd';
  readonly body: Uint8Array;
  readonly items: number;
}

/** Clients that send one prepared request over and over, each the next when the last was answered. */
export interface Load {
  /** Items that were acknowledged so far. */
  acknowledgedItems(): number;
  /** Requests that were answered with anything but success so far. */
  refusedRequests(): number;
  /** Ends all connections. */
  stop(): void;
}

/** Starts a load of `clients` concurrent requests; over gRPC they share so many `connections`, 4 unless told otherwise. */
export type StartLoad = (
  port: number,
  request: PreparedRequest,
  clients: number,
  connections?: number,
) => Promise<Load>;

const HEADER_END = Buffer.from('\r\n\r\n');
const GRPC_SERVICES: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

/** The status and the whole length of the first answer in `bytes`, or undefined while it is incomplete. */
function parseAnswer(bytes: Buffer): { status: number; length: number } | undefined {
  const end = bytes.indexOf(HEADER_END);
  if (end < 0) return undefined;
  const header = bytes.toString('latin1', 0, end).toLowerCase();
  const bodyLength = /\r\ncontent-length: *(\d+)/.exec(header)?.[1];
  if (bodyLength === undefined) throw new Error(`an answer without content-length:\n${header}`);
  const length = end + HEADER_END.length + Number(bodyLength);
  return bytes.length < length ? undefined : { status: Number(header.slice(9, 12)), length };
}

/** OTLP/HTTP clients on bare sockets, so that the load costs little. */
export const startHttpLoad: StartLoad = async (port, request, clients) => {
  let acknowledged = 0;
  let refused = 0;
  let stopped = false;
  const encoding = request.encoding === 'none' ? '' : `content-encoding: ${request.encoding}\r\n`;
  const head = `POST /v1/${request.signal} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n${encoding}content-length: ${request.body.length}\r\n\r\n`;
  const message = Buffer.concat([Buffer.from(head), request.body]);
  const sockets = new Set<Socket>();
  const open = () => {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    sockets.add(socket);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('connect', () => socket.write(message));
    socket.on('data', (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const answer = parseAnswer(pending);
      if (answer === undefined) return;
      pending = pending.subarray(answer.length);
      if (answer.status === 200) acknowledged += request.items;
      else refused += 1;
      if (!stopped) socket.write(message);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      // A server that sheds load may close; the client comes back after a moment, as a real one does.
      if (!stopped) setTimeout(open, 100);
    });
  };
  for (let index = 0; index < clients; index += 1) open();
  return {
    acknowledgedItems: () => acknowledged,
    refusedRequests: () => refused,
    stop: () => {
      stopped = true;
      for (const socket of sockets) socket.destroy();
    },
  };
};

/**
 * gRPC clients: some connections that share the concurrent calls. By our own client, which costs a third of what `node:http2` does:
 * a load that is at its end leaves the process under test idle for half of the time, and waking up for each request.
 */
export const startGrpcLoad: StartLoad = async (port, request, clients, wanted = 4) => {
  let acknowledged = 0;
  let refused = 0;
  let stopped = false;
  const { body, encoding, items, signal } = request;
  const call: UnaryCall = {
    path: GRPC_SERVICES[signal],
    message: [body],
    encoding: encoding === 'none' ? undefined : encoding,
    waitForReady: true,
  };
  const send = async (connection: GrpcClient): Promise<void> => {
    while (!stopped) {
      try {
        await connection.call(call);
        acknowledged += items;
      } catch {
        if (stopped) return;
        refused += 1;
        await setImmediate();
      }
    }
  };
  const connections = Array.from({ length: Math.min(wanted, clients) }, () =>
    http2Transport.createClient({ target: `127.0.0.1:${port}` }),
  );
  for (let index = 0; index < clients; index += 1) void send(connections[index % connections.length]!);
  return {
    acknowledgedItems: () => acknowledged,
    refusedRequests: () => refused,
    stop: () => {
      stopped = true;
      for (const connection of connections) connection.close();
    },
  };
};
