/**
 * What an API server tells of its pods, written to a file as it comes, to be told again at another pace than the server makes
 * changes at: first the list, which ends with a bookmark, then changes. Each frame has its length before it, as in the watch itself.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { ControlPlane } from '@tributary/lab';

const LENGTH_BYTES = 4;
const PODS =
  '/api/v1/pods?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
const LIST_END = 'k8s.io/initial-events-end';

/** Whether a frame is the bookmark that ends the list. */
export function endsList(frame: Buffer): boolean {
  return frame.includes(LIST_END);
}

/** Splits what arrives into frames, each with its length. */
export function* framesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at + LENGTH_BYTES <= bytes.length; ) {
    const end = at + LENGTH_BYTES + bytes.readUInt32BE(at);
    if (end > bytes.length) return;
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** Begins to write; returns the function that waits until so many changes have come, and ends it. */
export async function recordPods(
  server: ControlPlane,
  file: string,
): Promise<(changes: number) => Promise<void>> {
  const headers = {
    authorization: `Bearer ${server.adminToken}`,
    accept: 'application/vnd.kubernetes.protobuf',
  };
  const sent = request(new URL(PODS, server.url), { ca: server.ca, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const written = createWriteStream(file);
  const listed = Promise.withResolvers<void>();
  const { promise, resolve } = Promise.withResolvers<void>();
  let wanted = Number.POSITIVE_INFINITY;
  let changes = -1;
  let rest = Buffer.alloc(0);
  response.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    let used = 0;
    for (const frame of framesOf(rest)) {
      used += frame.length;
      if (changes >= 0) changes += 1;
      else if (endsList(frame)) {
        changes = 0;
        listed.resolve();
      }
    }
    written.write(Buffer.from(rest.subarray(0, used)));
    rest = Buffer.from(rest.subarray(used));
    if (changes >= wanted) resolve();
  });
  await listed.promise;
  return async (count) => {
    wanted = count;
    if (changes >= wanted) resolve();
    await promise;
    sent.destroy();
    written.end();
    await once(written, 'close');
  };
}
