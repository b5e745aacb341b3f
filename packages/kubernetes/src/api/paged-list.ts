import { MalformedError } from '../wire/field-reader.ts';
import type { ApiClient } from './api-client.ts';
import { PAGE_ITEMS } from './limits.ts';
import { ListReader } from './list-reader.ts';
import { collectionPath, isProtobuf, mediaType, objectKind, selectorQuery } from './resource-request.ts';
import type { ResourceSpec } from './resource-spec.ts';
import { printable } from './status-failure.ts';
import { WatchFailure } from './watch-failure.ts';

/** How a list is read. */
export interface PagedListOptions {
  /** Asks for all at once: what to do when pages expire before they are read. */
  readonly isWhole: boolean;
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** The first page is about to come. */
  begun(): void;
  /** Each object's message, valid during the call. */
  item(object: Buffer): void;
  received(bytes: number): void;
}

/** Lists a resource page by page; resolves with the version that the list stands for. Rejects with a WatchFailure. */
export async function listByPages(
  client: ApiClient,
  spec: ResourceSpec,
  options: PagedListOptions,
): Promise<string> {
  const query = { ...selectorQuery(spec), ...(options.isWhole ? {} : { limit: String(PAGE_ITEMS) }) };
  let token: string | undefined;
  for (;;) {
    const page = await client.get({
      path: collectionPath(spec),
      query: token === undefined ? { ...query, ...firstVersion(spec) } : { ...query, continue: token },
      accept: mediaType(spec, 'list'),
      signal: options.signal,
    });
    if (!isProtobuf(page.contentType)) {
      page.discard();
      throw notProtobuf(page.contentType);
    }
    if (token === undefined) options.begun();
    const reader = new ListReader(`${objectKind(spec)}List`, options.item);
    await page.read(
      (chunk) => {
        options.received(chunk.length);
        reader.push(chunk);
      },
      () => options.idleMs,
    );
    const { continueToken } = finished(reader);
    if (continueToken === '') return reader.resourceVersion;
    if (continueToken === token) throw new WatchFailure('malformed', 'the same page was to come again');
    token = continueToken;
  }
}

/** An answer that is not what was asked for: a proxy's or a portal's. */
export function notProtobuf(contentType: string): WatchFailure {
  const what = contentType === '' ? 'something without a type' : printable(contentType);
  return new WatchFailure('not_protobuf', `answered ${what} instead of protobuf`);
}

/**
 * The agents of all nodes ask for their own objects, and an API server that cannot stream lists would read all from etcd for
 * each of them; it may give those from its cache, which the watch then brings up to date.
 */
function firstVersion({ fieldSelector }: ResourceSpec): Record<string, string> {
  return fieldSelector === undefined ? {} : { resourceVersion: '0' };
}

function finished(reader: ListReader): ListReader {
  try {
    reader.finish();
  } catch (error) {
    if (error instanceof MalformedError) throw new WatchFailure('truncated', error.message, { cause: error });
    throw error;
  }
  if (reader.resourceVersion === '') throw new WatchFailure('malformed', 'the list has no version');
  return reader;
}
