/** What a proxy in front of an API server can do wrong. */
export type ApiFault =
  /** Takes the request and says nothing. */
  | { readonly kind: 'hang' }
  /** Closes the connection without an answer. */
  | { readonly kind: 'close' }
  /** Sends the request on after so many milliseconds. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Answers itself. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string | Uint8Array;
    }
  /** Passes so many bytes of the answer's body, then breaks the connection, or ends the body as if that were all of it. */
  | { readonly kind: 'truncate'; readonly afterBytes: number; readonly isClean?: boolean }
  /** Passes so many bytes of the answer's body, then nothing more. */
  | { readonly kind: 'stall'; readonly afterBytes: number };

/** What can be done to answers that are under way, such as watches: break them, cut the next part short, or go silent. */
export type StreamFault = 'close' | 'cut' | 'hang';

/** A page as a proxy or a login portal gives it instead of what was asked for. */
export const HTML_PAGE: ApiFault = {
  kind: 'answer',
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<!DOCTYPE html><html><head><title>Sign in</title></head><body>Your session has ended.</body></html>\n',
};

/** The version that was asked for is not kept any more. */
export const GONE: ApiFault = refusal(410, 'Expired', 'too old resource version: 1 (2)');

/** There are too many requests, and when to come again. */
export function tooManyRequests(retryAfterSeconds: number): ApiFault {
  const message = 'too many requests, please try again later';
  return refusal(429, 'TooManyRequests', message, { 'retry-after': String(retryAfterSeconds) });
}

/** An answer with a Status object of the API. */
export function refusal(
  status: number,
  reason: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ApiFault {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code: status,
  };
  return {
    kind: 'answer',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
