import type { ConnectionOptions } from '../http2/connection-role.ts';
import { MAX_HEADER_LIST_BYTES } from '../http2/header-reader.ts';
import { SETTING } from '../http2/protocol.ts';
import type { GrpcServerOptions } from '../transport.ts';

/** What one call may send ahead of its being read. A message of 700 KB then costs no waiting. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
/** What all calls of one connection together may. */
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
/** Where nobody said how many calls a connection may have open: far more than any client has. */
const DEFAULT_MAX_STREAMS = 10_000;
/** What messages that have not come whole may take together, if two of the largest are not more. */
const MIN_MEMORY_BYTES = 256 * 1024 * 1024;

/** How long a client has to begin. */
const PREFACE_MS = 10_000;
/** How long a request, or a frame, may stand still, and how long it may take in all. */
const SILENCE_MS = 60_000;
const REQUEST_MS = 300_000;
/** How long a client may leave an answer that is ready. */
const ANSWER_MS = 60_000;
/** How long a client that is told to go has to acknowledge it. */
const DRAIN_MS = 1000;
const KEEPALIVE_TIMEOUT_MS = 20_000;

const MIN_CHECK_MS = 10;
const MAX_CHECK_MS = 1000;

/** The bounds of a server and its connections. A time that has no bound is infinite. */
export interface ServerLimits {
  readonly maxReceiveBytes: number;
  readonly maxConcurrentStreams: number;
  /** What every connection begins with. */
  readonly connection: ConnectionOptions;
  readonly memoryBytes: number;
  readonly timesMs: ServerTimes;
  /** How often the times are looked at; one is late by at most this. */
  readonly checkMs: number;
}

/** In milliseconds. */
export interface ServerTimes {
  readonly preface: number;
  readonly silence: number;
  readonly request: number;
  readonly answer: number;
  readonly drain: number;
  readonly keepalive: number;
  readonly keepaliveTimeout: number;
  readonly maxConnectionIdle: number;
  readonly maxConnectionAge: number;
  readonly maxConnectionAgeGrace: number;
}

export function serverLimits(options: GrpcServerOptions): ServerLimits {
  const { keepalive = {}, stallTimeoutMs = SILENCE_MS, prefaceTimeoutMs = PREFACE_MS } = options;
  const timesMs: ServerTimes = {
    preface: prefaceTimeoutMs,
    silence: stallTimeoutMs,
    request: Math.max(REQUEST_MS, stallTimeoutMs),
    answer: Math.min(ANSWER_MS, stallTimeoutMs),
    drain: DRAIN_MS,
    keepalive: keepalive.timeMs ?? Number.POSITIVE_INFINITY,
    keepaliveTimeout: keepalive.timeoutMs ?? KEEPALIVE_TIMEOUT_MS,
    maxConnectionIdle: keepalive.maxConnectionIdleMs ?? Number.POSITIVE_INFINITY,
    maxConnectionAge: keepalive.maxConnectionAgeMs ?? Number.POSITIVE_INFINITY,
    maxConnectionAgeGrace: keepalive.maxConnectionAgeGraceMs ?? Number.POSITIVE_INFINITY,
  };
  const shortest = Math.min(...Object.values(timesMs));
  const { maxReceiveBytes, maxConcurrentStreams = DEFAULT_MAX_STREAMS } = options;
  return {
    maxReceiveBytes,
    maxConcurrentStreams,
    connection: {
      settings: [
        [SETTING.MAX_CONCURRENT_STREAMS, maxConcurrentStreams],
        [SETTING.INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES],
        [SETTING.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_BYTES],
      ],
      windowBytes: CONNECTION_WINDOW_BYTES,
      streamWindowBytes: STREAM_WINDOW_BYTES,
      waitsForReader: true,
    },
    memoryBytes: options.maxBufferedBytes ?? Math.max(MIN_MEMORY_BYTES, 2 * maxReceiveBytes),
    timesMs,
    checkMs: Math.max(MIN_CHECK_MS, Math.min(MAX_CHECK_MS, shortest / 4)),
  };
}
