import { z } from '@tributary/core';
import { openEnvelope, startsWithMagic } from './envelope.ts';
import { MAX_RETRY_AFTER_MS } from './limits.ts';
import { type ApiStatus, readStatus } from './object-meta.ts';
import { type FailureReason, WatchFailure } from './watch-failure.ts';

/** As much of what a server says is repeated in a log. */
const MAX_SAID_LENGTH = 400;
const VERSION_TOO_LARGE = 'ResourceVersionTooLarge';

/** What an answer other than 200 means. `body` is what the server said, in any form. */
export function answerFailure(status: number, body: Buffer, retryAfterMs: number): WatchFailure {
  const told = statusOf(body);
  const said = told === undefined || told.message === '' ? body.toString() : told.message;
  return failureOf({ ...(told ?? NOTHING_TOLD), code: status, message: said }, retryAfterMs);
}

/** What an ERROR event in a watch means. */
export function eventFailure(status: ApiStatus): WatchFailure {
  return failureOf(status, 0);
}

/** Text from outside, fit for a log: one line, of bounded length. */
export function printable(text: string): string {
  const line = text
    .slice(0, MAX_SAID_LENGTH * 2)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  return line.length <= MAX_SAID_LENGTH ? line : `${line.slice(0, MAX_SAID_LENGTH)}…`;
}

const statusSchema = z
  .looseObject({
    kind: z.literal('Status'),
    code: z.number().default(0),
    reason: z.string().default(''),
    message: z.string().default(''),
    details: z
      .looseObject({
        causes: z.array(z.looseObject({ reason: z.string().default('') })).default([]),
        retryAfterSeconds: z.number().default(0),
      })
      .prefault({}),
  })
  .transform(({ code, reason, message, details }) => ({
    code,
    reason,
    message,
    causes: details.causes.map((cause) => cause.reason),
    retryAfterSeconds: details.retryAfterSeconds,
  }));

const NOTHING_TOLD: ApiStatus = { code: 0, reason: '', message: '', causes: [], retryAfterSeconds: 0 };

function failureOf(status: ApiStatus, retryAfterMs: number): WatchFailure {
  // From outside: a timer of more than 25 days would go off at once.
  const waitMs = Math.min(Math.max(retryAfterMs, status.retryAfterSeconds * 1000), MAX_RETRY_AFTER_MS);
  const said = printable(status.message);
  const message = `answered ${status.code}${said === '' ? '' : `: ${said}`}`;
  return new WatchFailure(reasonOf(status), message, { retryAfterMs: waitMs });
}

function reasonOf({ code, reason, causes }: ApiStatus): FailureReason {
  if (causes.includes(VERSION_TOO_LARGE)) return 'version_too_new';
  if (code === 410 || reason === 'Expired' || reason === 'Gone') return 'expired';
  if (code === 429) return 'rate_limited';
  if (code === 401) return 'unauthorized';
  if (code === 403) return 'forbidden';
  if (code === 404) return 'not_found';
  return code >= 400 && code < 500 ? 'unsupported' : 'server_error';
}

/** A Status comes as protobuf, or as JSON where metadata alone was asked for. */
function statusOf(body: Buffer): ApiStatus | undefined {
  try {
    if (!startsWithMagic(body, 0, body.length)) return statusSchema.parse(JSON.parse(body.toString()));
    const { kind, object } = openEnvelope(body, 0, body.length);
    return kind === 'Status' ? readStatus(object) : undefined;
  } catch {
    // Cut off, damaged, or from somebody else: the bytes themselves are shown instead.
    return undefined;
  }
}
