import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StreamFault } from './faults.ts';

/** Where an answer is to stop, and how. */
export interface Cut {
  readonly afterBytes: number;
  /** What the client is told then: that the connection broke, that this was all, or nothing more. */
  readonly end: 'break' | 'clean' | 'silence';
}

/** An answer of the API server on its way through the proxy. */
export class ProxiedAnswer {
  readonly #source: IncomingMessage;
  readonly #sink: ServerResponse;
  #cut: Cut | undefined;
  #passedBytes = 0;
  #isSilent = false;

  constructor(source: IncomingMessage, sink: ServerResponse, cut: Cut | undefined) {
    this.#source = source;
    this.#sink = sink;
    this.#cut = cut;
    // A length that is not reached would tell the client what a clean end is to hide.
    const { 'content-length': length, ...headers } = source.headers;
    sink.writeHead(
      source.statusCode ?? 502,
      cut === undefined && length !== undefined ? source.headers : headers,
    );
    sink.flushHeaders();
    source.on('data', (chunk: Buffer) => this.#pass(chunk));
    source.on('end', () => this.#finish());
    source.on('error', () => this.#break());
    sink.on('drain', () => source.resume());
    sink.on('close', () => source.destroy());
  }

  /** Breaks what is under way. */
  misbehave(fault: StreamFault): void {
    switch (fault) {
      case 'close':
        this.#break();
        break;
      case 'hang':
        this.#isSilent = true;
        break;
      case 'cut':
        // One byte of what comes next: the length before a part of a watch has four.
        this.#cut = { afterBytes: this.#passedBytes + 1, end: 'break' };
        break;
    }
  }

  #pass(chunk: Buffer): void {
    if (this.#isSilent) return;
    const room = (this.#cut?.afterBytes ?? Number.POSITIVE_INFINITY) - this.#passedBytes;
    const part = chunk.subarray(0, Math.min(room, chunk.length));
    this.#passedBytes += part.length;
    if (part.length < room) {
      if (!this.#sink.write(part)) this.#source.pause();
      return;
    }
    this.#sink.write(part, () => this.#end(this.#cut?.end ?? 'break'));
    this.#isSilent = true;
  }

  #end(how: Cut['end']): void {
    if (how === 'clean') this.#sink.end();
    else if (how === 'break') this.#break();
  }

  #finish(): void {
    if (!this.#isSilent) this.#sink.end();
  }

  #break(): void {
    this.#source.destroy();
    this.#sink.destroy();
  }
}
