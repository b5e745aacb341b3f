/**
 * The client on @grpc/grpc-js. It makes its calls on the library's channel: the library's own client keeps a stack
 * trace and several objects for every call, a tenth of what a call costs.
 */
import { Channel, ChannelCredentials, type experimental, Metadata, type StatusObject } from '@grpc/grpc-js';
import { RPC_CODES } from '@tributary/core';
import { GrpcError } from '../grpc-error.ts';
import type { GrpcClient, GrpcClientOptions, UnaryCall } from '../transport.ts';
import { passFramesThrough } from './client-encoding.ts';
import { ACCEPT_ENCODING, encodingName, frame } from './encoding.ts';
import { readStatus } from './metadata.ts';

/** The answers of OTLP are tiny; this is what its specification recommends to clients. */
const DEFAULT_MAX_RECEIVE_BYTES = 4 * 1024 * 1024;
/**
 * The library would wait up to two minutes before it tries to connect again. Calls fail at once meanwhile, so a backend
 * that is back would be found only then.
 */
const MAX_RECONNECT_MS = 10_000;

export class GrpcJsClient implements GrpcClient {
  readonly #calls = new Set<experimental.CallStream>();
  readonly #endReload: (() => void) | undefined;
  #channel: Channel;
  #isClosed = false;

  constructor(options: GrpcClientOptions) {
    this.#channel = openChannel(options);
    // A channel keeps its certificates: after a reload there is a new one, and the old one's calls go on to their end.
    this.#endReload = options.tls?.onReload(() => {
      this.#channel.close();
      this.#channel = openChannel(options);
    });
  }

  call(call: UnaryCall): Promise<Uint8Array> {
    const { signal } = call;
    if (this.#isClosed || signal?.aborted) {
      const message = this.#isClosed ? 'the client is closed' : 'the call was cancelled';
      return Promise.reject(new GrpcError({ code: RPC_CODES.CANCELLED, message }));
    }
    return new Promise((resolve, reject) => {
      const deadline = call.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.timeoutMs;
      const stream = this.#channel.createCall(call.path, deadline, null, null, null);
      const cancel = () => stream.cancelWithStatus(RPC_CODES.CANCELLED, 'the call was cancelled');
      let answer: Uint8Array | undefined;
      stream.start(callMetadata(call), {
        onReceiveMetadata: () => undefined,
        onReceiveMessage: (message: Buffer) => {
          answer = message;
        },
        onReceiveStatus: (status) => {
          this.#calls.delete(stream);
          signal?.removeEventListener('abort', cancel);
          if (status.code === RPC_CODES.OK && answer !== undefined) {
            resolve(answer);
          } else {
            reject(callError(status));
          }
        },
      });
      this.#calls.add(stream);
      signal?.addEventListener('abort', cancel, { once: true });
      stream.sendMessageWithContext({}, frame(call.message, call.encoding !== undefined));
      stream.halfClose();
      stream.startRead();
    });
  }

  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    this.#endReload?.();
    for (const stream of this.#calls) {
      stream.cancelWithStatus(RPC_CODES.CANCELLED, 'the client is closed');
    }
    this.#channel.close();
  }
}

function openChannel(options: GrpcClientOptions): Channel {
  const { tls, keepalive = {} } = options;
  const limit = options.maxReceiveBytes ?? DEFAULT_MAX_RECEIVE_BYTES;
  const credentials =
    tls === undefined
      ? ChannelCredentials.createInsecure()
      : ChannelCredentials.createFromSecureContext(tls.secureContext, {
          rejectUnauthorized: tls.rejectUnauthorized,
        });
  const named = {
    'grpc.max_receive_message_length': limit,
    'grpc.default_authority': options.authority,
    'grpc.ssl_target_name_override': tls?.serverName,
    'grpc.primary_user_agent': options.userAgent,
    'grpc.keepalive_time_ms': keepalive.timeMs,
    'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
    'grpc.keepalive_permit_without_calls': keepalive.permitWithoutStream === true ? 1 : undefined,
    'grpc.service_config': JSON.stringify({
      loadBalancingConfig: [{ [options.loadBalancing ?? 'pick_first']: {} }],
    }),
    'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_MS,
    // Retries are the exporter's: the library would keep a second copy of every request for its own.
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.use_local_subchannel_pool': 1,
  };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  const channel = new Channel(options.target, credentials, Object.fromEntries(given));
  passFramesThrough(channel, limit);
  return channel;
}

function callMetadata(call: UnaryCall): Metadata {
  const metadata = new Metadata({ waitForReady: call.waitForReady === true });
  for (const [name, values] of Object.entries(call.metadata ?? {})) {
    for (const value of typeof values === 'string' ? [values] : values) {
      metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
    }
  }
  metadata.set('grpc-accept-encoding', ACCEPT_ENCODING);
  if (call.encoding !== undefined) {
    metadata.set('grpc-encoding', encodingName(call.encoding));
  }
  return metadata;
}

function callError({ code, details, metadata }: StatusObject): GrpcError {
  return code === RPC_CODES.OK
    ? new GrpcError({ code: RPC_CODES.INTERNAL, message: 'the server answered OK without a message' })
    : new GrpcError(readStatus(code, details, metadata));
}
