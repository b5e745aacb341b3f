/**
 * Reads the header `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. Returns milliseconds from `nowMs`,
 * never negative; undefined if the header is missing or neither.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  if (!HTTP_DATE.test(text)) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

/** Dates as HTTP writes them, all in GMT: `Sun, 06 Nov 1994 08:49:37 GMT`, and the two obsolete forms. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
