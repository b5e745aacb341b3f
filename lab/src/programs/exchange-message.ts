/**
 * What the load generator and the exchange server say to each other, over TCP and UDP alike:
 *
 *     0   4   length of the request with this header, in bytes, big endian
 *     4   4   length of the response, in bytes, big endian
 *     8   …   padding up to the length
 *
 * The response is so many bytes, and nothing else.
 */

/** The shortest request. */
export const HEADER_BYTES = 8;

/** A request of this length that asks for a response of that length. */
export function exchangeRequest(requestBytes: number, responseBytes: number): Buffer {
  if (requestBytes < HEADER_BYTES) throw new Error(`lab: a request has at least ${HEADER_BYTES} bytes.`);
  const request = Buffer.alloc(requestBytes, 'x');
  request.writeUInt32BE(requestBytes, 0);
  request.writeUInt32BE(responseBytes, 4);
  return request;
}

/** The lengths in a header. */
export function readHeader(header: Buffer): { requestBytes: number; responseBytes: number } {
  return { requestBytes: header.readUInt32BE(0), responseBytes: header.readUInt32BE(4) };
}
