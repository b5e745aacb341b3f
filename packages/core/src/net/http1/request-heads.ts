import { HeadSearch, MAX_HEAD_BYTES, MAX_KNOWN_BYTES } from './head.ts';
import { KnownHead } from './known-head.ts';
import { type BadHead, parseRequestHead, type RequestHead } from './request-head.ts';

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
/** What a request may begin with: a method, or the empty lines before it. */
const BEGINNING = /[A-Za-z\r]/;

/** Why there is no head to be taken: it is refused, not all of it has come, or it is node:http's. */
export type NoHead = BadHead | 'too long' | 'incomplete' | 'not plain';

/** What to do with requests. */
export interface HeadRouter<Route> {
  /** Undefined: the request is node:http's. */
  route(head: RequestHead): Route | undefined;
  /** True from the moment that no more requests are taken: then each head is asked about, those that are known too. */
  readonly isClosing: boolean;
}

/** Reads the heads of the requests on one connection, one after the other. What comes is given from the first byte of one on. */
export class RequestHeads<Route> {
  readonly #router: HeadRouter<Route>;
  readonly #search = new HeadSearch();
  /** A client mostly sends the same head again. */
  #known: KnownHead<Route> | undefined;

  constructor(router: HeadRouter<Route>) {
    this.#router = router;
  }

  /** How many bytes of empty lines come first: those before a request mean nothing (RFC 9112, section 2.2). */
  skipEmptyLines(bytes: Buffer): number {
    let at = 0;
    while (bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === LINE_FEED) at += 2;
    if (at > 0) this.#search.begin();
    return at;
  }

  /** Reads the head that `bytes`, of which there are some, begin with. */
  read(bytes: Buffer): KnownHead<Route> | NoHead {
    const known = this.#known;
    if (known?.matches(bytes) === true && !this.#router.isClosing) {
      this.#search.begin();
      return known;
    }
    const end = this.#search.end(bytes);
    if (end < 0) return this.#lookAhead(bytes);
    if (end > MAX_HEAD_BYTES) return 'too long';
    const text = bytes.toString('latin1', 0, end);
    const head = parseRequestHead(text);
    if (typeof head === 'string') return head;
    const route = this.#router.route(head);
    if (route === undefined) return 'not plain';
    const read = new KnownHead(text, head, route);
    this.#known = end <= MAX_KNOWN_BYTES ? read : undefined;
    this.#search.begin();
    return read;
  }

  /** Looks at a part of a head: what will never be one need not be waited for. */
  #lookAhead(bytes: Buffer): 'too long' | 'malformed' | 'incomplete' {
    if (bytes.length > MAX_HEAD_BYTES) return 'too long';
    const first = String.fromCharCode(bytes[0] as number);
    return !BEGINNING.test(first) || this.#search.hasBareLineFeed(bytes) ? 'malformed' : 'incomplete';
  }
}
