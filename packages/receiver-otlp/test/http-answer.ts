import type { Answer } from './start-receiver.ts';

/** The header of a request in JSON. */
export const JSON_TYPE = { 'content-type': 'application/json' };

/** What of an answer a client of OTLP looks at. */
export function shown({ status, headers, body }: Answer): unknown {
  const type = headers['content-type'];
  const retryAfter = headers['retry-after'];
  const content = type === 'application/x-protobuf' ? body.toString('latin1') : body.toString();
  return { status, type, ...(retryAfter === undefined ? {} : { retryAfter }), content };
}

/** A refusal as an answer in JSON shows it. */
export const refusal = (status: number, code: number, message: string) => ({
  status,
  type: 'application/json',
  content: JSON.stringify({ code, message }),
});
