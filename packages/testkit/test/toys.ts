// Small components of every kind that keep the rules, to be spoilt by the tests that prove that the checks see it.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  type Batch,
  type Component,
  type Consumer,
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  type Factory,
  isPermanent,
  RetryableError,
  type SignalConsumer,
  z,
} from '@tributary/core';
import { type Answer, type ContractClient, numberedBatch } from '@tributary/testkit';

const signals = { traces: 'stable', metrics: 'stable', logs: 'stable' } as const;
const routes = (['traces', 'metrics', 'logs'] as const).map(
  (from) => ({ from, to: 'metrics', stability: 'stable' }) as const,
);
const configSchema = z.strictObject({ size: z.int().min(1).default(10).describe('A number of things.') });

/** Refuses data once it is shut down; holds each batch for a moment, and a timer while it does. */
export class Holder implements Component, Consumer {
  readonly #next: Consumer | undefined;
  readonly #held = new Map<NodeJS.Timeout, () => void>();
  #isShutDown = false;

  constructor(next?: Consumer) {
    this.#next = next;
  }

  consume(batch: Batch): Promise<void> {
    if (this.#isShutDown) throw new RetryableError('SHUTDOWN', 'toy: it is shut down.');
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.release(timer), 1_000_000);
    this.#held.set(timer, resolve);
    return promise.then(() => this.#next?.consume(batch));
  }

  shutdown(): void {
    this.#isShutDown = true;
    for (const timer of this.#held.keys()) this.release(timer);
  }

  release(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#held.get(timer)?.();
    this.#held.delete(timer);
  }
}

/** How a toy receiver answers, given a way to ask the pipeline. */
export type Answering = (consume: () => Promise<void>) => Promise<Answer>;

/** Asks the pipeline and says what it said. */
export const honest: Answering = async (consume) => {
  try {
    await consume();
    return 'accepted';
  } catch (error) {
    return isPermanent(error) ? 'refused' : 'retry';
  }
};

/** A receiver over TCP: a line of comma-separated numbers in, a line with the answer out. */
export class LineReceiver implements Component {
  readonly #next: SignalConsumer;
  readonly #answering: Answering;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  port = 0;

  constructor(next: SignalConsumer, answering: Answering) {
    this.#next = next;
    this.#answering = answering;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(0, '127.0.0.1', () => {
      const address = this.#server.address();
      if (typeof address === 'object' && address !== null) this.port = address.port;
      resolve();
    });
    return promise;
  }

  async shutdown(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.setEncoding('utf8').on('data', async (line: string) => {
      const batch = numberedBatch('logs', line.trim().split(',').map(Number));
      socket.write(`${await this.#answering(async () => this.#next.consume(batch.fork()))}\n`);
    });
  }
}

/** A client of a `LineReceiver`. */
export async function lineClient(receiver: Component): Promise<ContractClient> {
  if (!(receiver instanceof LineReceiver)) throw new Error('not a line receiver');
  const socket = connect(receiver.port, '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  return {
    async send(numbers) {
      socket.write(`${numbers.join(',')}\n`);
      const [answer] = await once(socket, 'data');
      return String(answer).trim() as Answer;
    },
    close: () => void socket.destroy(),
  };
}

/** A receiver that answers in the given way. */
export function toyReceiver(answering: Answering = honest): Factory {
  return defineReceiver({
    type: 'testkit_toy',
    signals: { logs: 'stable' },
    description: 'A toy.',
    configSchema,
    create: (_settings, _config, next) => new LineReceiver(next, answering),
  });
}

/** An exporter with these parts in place of its own. */
export function toyExporter(
  spoilt: Partial<Component & Consumer> = {},
  schema: z.ZodType = configSchema,
): Factory {
  return defineExporter({
    type: 'testkit_toy',
    signals,
    description: 'A toy.',
    configSchema: schema,
    create: () => Object.assign(new Holder(), spoilt),
  });
}

/** A processor of every signal. */
export const toyProcessor = defineProcessor({
  type: 'testkit_toy',
  signals,
  description: 'A toy.',
  configSchema,
  create: (_settings, _config, next) => new Holder(next),
});

/** A connector from every signal to metrics. */
export const toyConnector = defineConnector({
  type: 'testkit_toy',
  routes,
  description: 'A toy.',
  configSchema,
  create: () => new Holder({ consume: () => undefined }),
});

/** An extension that does nothing. */
export const toyExtension = defineExtension({
  type: 'testkit_toy',
  stability: 'stable',
  description: 'A toy.',
  configSchema,
  create: () => ({}),
});
