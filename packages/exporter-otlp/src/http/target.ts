/** Where requests go, and what is the same in each. */
/** What OTLP's specification recommends to clients. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Where a signal's requests go, and what they all have in common. */
export interface Target {
  readonly url: URL;
  /** Names and values in turn, without the length. */
  readonly headers: readonly string[];
  /** The request line and the headers up to the length's name, which is the last. */
  readonly head: string;
}

/** What requests to `url` with these headers have in common; `connection` is the value of that header. */
export function targetOf(url: URL, headers: readonly string[], connection: 'close' | 'keep-alive'): Target {
  let head = `POST ${url.pathname}${url.search} HTTP/1.1\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return { url, headers, head: `${head}Connection: ${connection}\r\nContent-Length: ` };
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

/** The media type of a content type, in lower case and without parameters. */
export function mediaTypeOf(contentType: string | undefined): string {
  return contentType === undefined ? '' : (contentType.split(';', 1)[0] as string).trim().toLowerCase();
}

/** The sum of the lengths of a body's pieces. */
export function contentLength(body: readonly Uint8Array[]): number {
  let length = 0;
  for (const chunk of body) length += chunk.length;
  return length;
}
