/** Node's own clients, which post bodies as proxies and SDKs do and as the exporter does not. */
import { request } from 'node:http';
import { connect } from 'node:http2';
import { Readable } from 'node:stream';

/** An answer's status and body. */
export interface Posted {
  readonly status: number;
  readonly body: Buffer;
}

const TYPE = 'application/x-protobuf';
const PIECE_BYTES = 10_000;

/** Posts over HTTP/1.1 in chunks, without a length. */
export function postChunked(port: number, path: string, body: Buffer): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const call = request({
      port,
      host: '127.0.0.1',
      path,
      method: 'POST',
      headers: { 'content-type': TYPE },
    });
    call.on('error', reject);
    call.on('response', async (answer) => {
      const parts = await answer.toArray();
      resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts) });
    });
    piecesOf(body).pipe(call);
  });
}

/** Posts over HTTP/2 in clear text, with prior knowledge. */
export function postHttp2(port: number, path: string, body: Buffer): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', reject);
    const call = session.request({ ':method': 'POST', ':path': path, 'content-type': TYPE });
    call.on('error', reject);
    call.on('response', async (head) => {
      const parts = await call.toArray();
      session.close();
      resolve({ status: head[':status'] ?? 0, body: Buffer.concat(parts) });
    });
    piecesOf(body).pipe(call);
  });
}

function piecesOf(body: Buffer): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += PIECE_BYTES) pieces.push(body.subarray(at, at + PIECE_BYTES));
  return Readable.from(pieces);
}
