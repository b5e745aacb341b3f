/** Asks the kernel's connection tracking where connections to Services went: once for each connection. */
import { addressText, type Connection, type Context, type Translated } from '@tributary/core';
import type { Flow } from './flow.ts';
import { Generations } from './generations.ts';

const MAX_CONNECTIONS = 100_000;
const REMEMBERED_MS = 120_000;
/** The beginnings of two records of one connection are told with this precision. */
const SAME_BEGIN_MS = 50;

interface Answer {
  readonly beginMs: number;
  readonly translated: Translated | undefined;
}

/** See the head of this file. */
export class Translations {
  readonly #context: Context;
  readonly #answers = new Generations<string, Answer>(MAX_CONNECTIONS, REMEMBERED_MS);

  constructor(context: Context) {
    this.#context = context;
  }

  /** Lets go what was not asked for long; `nowMs` is of a steady clock. */
  age(nowMs: number): void {
    this.#answers.age(nowMs);
  }

  /** Where a flow went that was seen at its source. Undefined if nobody knows, or it went where it was sent. */
  of(flow: Flow): Translated | undefined {
    const connection = connectionOf(flow);
    if (connection === undefined) return undefined;
    const key = keyOf(connection);
    const known = this.#answers.get(key);
    if (flow.hasBegin && known !== undefined && Math.abs(known.beginMs - flow.beginMs) <= SAME_BEGIN_MS) {
      return known.translated;
    }
    const translated = this.#ask(connection);
    if (flow.hasBegin) this.#answers.set(key, { beginMs: flow.beginMs, translated });
    return translated;
  }

  #ask(connection: Connection): Translated | undefined {
    const translated = this.#context.translate(connection);
    const { destinationAddress, destinationPort } = connection;
    const isSame = translated?.address === destinationAddress && translated.port === destinationPort;
    return isSame ? undefined : translated;
  }
}

function connectionOf(flow: Flow): Connection | undefined {
  const { transport, source, sourcePort, destination, destinationPort } = flow;
  if (transport === undefined || source === undefined || destination === undefined) return undefined;
  if (sourcePort <= 0 || destinationPort <= 0) return undefined;
  return {
    transport,
    sourceAddress: source,
    sourcePort,
    destinationAddress: destination,
    destinationPort,
  };
}

function keyOf(connection: Connection): string {
  const { transport, sourceAddress, sourcePort, destinationAddress, destinationPort } = connection;
  const source = addressText(sourceAddress);
  return `${transport}|${source}|${sourcePort}|${addressText(destinationAddress)}|${destinationPort}`;
}
