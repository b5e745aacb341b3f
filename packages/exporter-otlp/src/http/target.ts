/** Where requests go, and what is the same in each. */
/** What OTLP's specification recommends to clients. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Where a signal's requests go, and what they all have in common. */
export interface Target {
  readonly url: URL;
  readonly origin: string;
  /** The URL without what may be secret: credentials and the query. */
  readonly shownUrl: string;
  /** Names and values in turn, without the length. */
  readonly headers: readonly string[];
  /** The request line and the headers up to the length's name, which is the last. */
  readonly head: Buffer;
}

/** What requests to `url` with these headers have in common; `connection` is the value of that header. */
export function targetOf(url: URL, headers: readonly string[], connection: 'close' | 'keep-alive'): Target {
  let head = `POST ${url.pathname}${url.search} HTTP/1.1\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  head += `Connection: ${connection}\r\nContent-Length: `;
  const { origin, pathname } = url;
  return { url, origin, shownUrl: origin + pathname, headers, head: Buffer.from(head, 'latin1') };
}

/** The head of a request with a body of so many bytes, and the empty line that ends it. */
export function requestHead({ head }: Target, bodyBytes: number): Buffer {
  const end = `${bodyBytes}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(head.length + end.length);
  bytes.set(head);
  // A loop: native code takes longer for so few.
  for (let index = 0; index < end.length; index += 1) bytes[head.length + index] = end.charCodeAt(index);
  return bytes;
}

/** The host of a URL as sockets want it: without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** The port of a URL. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** The sum of the lengths of a body's pieces. */
export function contentLength(body: readonly Uint8Array[]): number {
  let length = 0;
  for (const chunk of body) length += chunk.length;
  return length;
}
