/**
 * `GET /context?address=10.2.7.31&at=2026-08-01T10:00:00Z`: what the context knows of a key, and since when. It tells what runs
 * in the cluster, so it is off unless asked for and answers nobody but programs of the same machine.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { CONTEXT_KEYS, type Context, type ContextQuestion, describeContext } from '@tributary/core';
import type { Answer } from './answers.ts';

/** Where the context is asked. */
export const CONTEXT_PATH = '/context';

const PORT = /^\d{1,5}$/;
const TRANSPORTS = ['tcp', 'udp', 'sctp'] as const;
const PARAMETERS: readonly string[] = [...CONTEXT_KEYS, 'at', 'port', 'transport', 'client'];
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Answers one request. */
export function contextAnswer(context: Context, request: IncomingMessage, nowMs: number): Answer {
  if (!isFromHere(request)) {
    return problem(
      403,
      '/context: it is answered to loopback alone. Ask on the machine itself, by 127.0.0.1 or [::1].',
    );
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problem(405, `/context: expected GET (found ${JSON.stringify(request.method)}).`);
  }
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const question = readQuestion(searchParams, nowMs);
  if (typeof question === 'string') return problem(400, question);
  const body = `${JSON.stringify(describeContext(context, question), jsonValue, 2)}\n`;
  return { status: 200, contentType: 'application/json', body };
}

/**
 * Whether a program of this machine asks: by a Unix socket, or over loopback and by a loopback name, so that a page in a
 * browser that had its own name resolve to loopback is refused.
 */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const { remoteAddress, remoteFamily } = socket;
  if (remoteAddress === undefined) return remoteFamily === undefined && !socket.destroyed;
  const peer = remoteAddress.replace(/^::ffff:/, '');
  if (!isLoopback(peer)) return false;
  const host = (headers.host ?? 'localhost').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return host === 'localhost' || isLoopback(host);
}

function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** The question, or what is wrong with it. */
function readQuestion(parameters: URLSearchParams, nowMs: number): ContextQuestion | string {
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) {
      return `/context: there is no parameter ${JSON.stringify(name)}. There are ${PARAMETERS.join(', ')}.`;
    }
  }
  const asked = CONTEXT_KEYS.filter((key) => parameters.has(key));
  const [key] = asked;
  const value = key === undefined ? null : parameters.get(key);
  if (key === undefined || value === null || asked.length > 1) {
    return `/context: expected one of ${CONTEXT_KEYS.join(', ')} (found ${asked.join(' and ') || 'none'}), as in /context?address=10.2.7.31.`;
  }
  const atMs = readTime(parameters.get('at'), nowMs);
  if (atMs === undefined) {
    return `/context: at: expected a time such as 2026-08-01T10:00:00Z, or the seconds, milliseconds or nanoseconds since 1970 (found ${JSON.stringify(parameters.get('at'))}).`;
  }
  const port = parameters.get('port');
  if (port !== null && !PORT.test(port))
    return `/context: port: expected a number (found ${JSON.stringify(port)}).`;
  const named = parameters.get('transport');
  const transport = TRANSPORTS.find((each) => each === named);
  if (named !== null && transport === undefined) {
    return `/context: transport: expected ${TRANSPORTS.join(', ')} (found ${JSON.stringify(named)}).`;
  }
  const client = parameters.get('client');
  return {
    ...{ key, value, atMs },
    ...(port === null ? {} : { port: Number(port) }),
    ...(transport === undefined ? {} : { transport }),
    ...(client === null ? {} : { client }),
  };
}

/** Takes what is at hand: a date as people write it, or a number as records and logs have it, in milliseconds then. */
function readTime(text: string | null, nowMs: number): number | undefined {
  if (text === null) return nowMs;
  if (!/^\d{1,19}$/.test(text)) {
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? undefined : ms;
  }
  if (text.length <= 11) return Number(text) * 1000;
  return text.length <= 14 ? Number(text) : Number(text) / 1e6;
}

function problem(status: number, text: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** Attributes can hold what JSON has no form for. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
