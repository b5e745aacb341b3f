/** A larger object is taken for nonsense: the API server stores none above some 1.5 MiB. */
export const MAX_OBJECT_BYTES = 16 * 1024 * 1024;

/** As much of what an API server says of an error is read. */
export const MAX_ERROR_BYTES = 64 * 1024;

/** No server is given more time than this before the next request, whatever it asks for; in milliseconds. */
export const MAX_RETRY_AFTER_MS = 5 * 60_000;

/** How many objects a page of a list has, as kubectl and client-go ask for. */
export const PAGE_ITEMS = 500;
