/** What clients are told where there is no request to answer: the words of node:http. */
import type { HeadRefusal } from './plain-call.ts';
import type { NoHead } from './request-heads.ts';

const refusal = (status: string): string => `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`;
export const REQUEST_TIMEOUT = refusal('408 Request Timeout');
export const BAD_REQUEST = refusal('400 Bad Request');
const HEAD_TOO_LARGE = [refusal('431 Request Header Fields Too Large'), 'too_large'] as const;
/** The answer to a head that is refused, and what it is counted as. */
export const HEAD_REFUSALS: Readonly<
  Record<Exclude<NoHead, 'incomplete' | 'not plain'>, readonly [answer: string, reason: HeadRefusal]>
> = {
  malformed: [BAD_REQUEST, 'malformed'],
  'too long': HEAD_TOO_LARGE,
  'too many fields': HEAD_TOO_LARGE,
  'unknown coding': [refusal('501 Not Implemented'), 'malformed'],
  'unknown expectation': [refusal('417 Expectation Failed'), 'malformed'],
};
