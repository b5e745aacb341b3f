import {
  Channel,
  ChannelCredentials,
  Client,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
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

/** The client on @grpc/grpc-js. */
export class GrpcJsClient implements GrpcClient {
  readonly #calls = new Set<ClientUnaryCall>();
  readonly #endReload: (() => void) | undefined;
  #client: Client;
  #isClosed = false;

  constructor(options: GrpcClientOptions) {
    this.#client = connect(options);
    // A channel keeps its certificates: after a reload there is a new one, and the old one's calls go on to their end.
    this.#endReload = options.tls?.onReload(() => {
      this.#client.close();
      this.#client = connect(options);
    });
  }

  call(call: UnaryCall): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || call.signal?.aborted) {
        const message = this.#isClosed ? 'the client is closed' : 'the call was cancelled';
        reject(new GrpcError({ code: RPC_CODES.CANCELLED, message }));
        return;
      }
      const cancel = () => request.cancel();
      const request = this.#client.makeUnaryRequest(
        call.path,
        frameCall,
        identity,
        call,
        callMetadata(call),
        call.timeoutMs === undefined ? {} : { deadline: Date.now() + call.timeoutMs },
        (error, answer) => {
          this.#calls.delete(request);
          call.signal?.removeEventListener('abort', cancel);
          if (error === null) {
            resolve(answer ?? new Uint8Array(0));
          } else {
            reject(grpcError(error));
          }
        },
      );
      this.#calls.add(request);
      call.signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    this.#endReload?.();
    for (const request of this.#calls) {
      request.cancel();
    }
    this.#client.close();
  }
}

function connect(options: GrpcClientOptions): Client {
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
  return new Client(options.target, credentials, { channelOverride: channel });
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

function frameCall(call: UnaryCall): Buffer {
  return frame(call.message, call.encoding !== undefined);
}

function grpcError(error: ServiceError): GrpcError {
  return new GrpcError(readStatus(error.code, error.details, error.metadata), { cause: error });
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
