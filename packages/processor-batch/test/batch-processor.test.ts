import {
  type Batch,
  type BatchMeta,
  type Consumer,
  PermanentError,
  RetryableError,
  type Signal,
} from '@tributary/core';
import { numberedBatch, numbersOf, testSettings } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { batchProcessor } from '../src/index.ts';

/** A consumer that keeps what comes and answers when, and as, the test says. */
class Downstream implements Consumer {
  readonly batches: Batch[] = [];
  readonly answers: PromiseWithResolvers<void>[] = [];
  readonly #answer: (batch: Batch) => Error | undefined | 'later';

  constructor(answer: (batch: Batch) => Error | undefined | 'later' = () => undefined) {
    this.#answer = answer;
  }

  consume(batch: Batch): void | Promise<void> {
    this.batches.push(batch);
    const answer = this.#answer(batch);
    if (answer === 'later') {
      const answered = Promise.withResolvers<void>();
      this.answers.push(answered);
      return answered.promise;
    }
    if (answer !== undefined) throw answer;
  }

  /** The numbers of the items of each batch that came. */
  get numbers(): number[][] {
    return this.batches.map(numbersOf);
  }
}

const running: ReturnType<typeof batchProcessor.create>[] = [];

afterEach(async () => {
  for (const processor of running.splice(0)) await processor.shutdown?.(AbortSignal.abort());
});

function create(block: object, next: Consumer, signal: Signal = 'logs') {
  const config = batchProcessor.configSchema.parse({ timeout: '1h', ...block });
  expect(batchProcessor.validate?.(config)).toEqual([]);
  const settings = testSettings({ kind: 'processor', id: 'batch', pipeline: signal });
  const processor = batchProcessor.create(settings, config, next);
  running.push(processor);
  const send = (numbers: readonly number[], meta?: BatchMeta): void | Promise<void> =>
    processor.consume(numberedBatch(signal, numbers, meta));
  /** Gives what became of the data of one caller. */
  const outcome = async (numbers: readonly number[], meta?: BatchMeta): Promise<unknown> => {
    try {
      await send(numbers, meta);
      return 'accepted';
    } catch (error) {
      return error;
    }
  };
  return { processor, settings, send, outcome };
}

const permanent = new PermanentError('EXPORT_REFUSED', 'never');
const retryable = new RetryableError('EXPORT_UNAVAILABLE', 'not now', { delayMs: 5 });

describe('the batch processor gathers', () => {
  it.each(['traces', 'metrics', 'logs'] as const)('%s until there are enough items', async (signal) => {
    const next = new Downstream();
    const { send } = create({ send_batch_size: 4 }, next, signal);
    const first = send([1, 2]);
    const second = send([3]);
    expect([first, second]).toEqual([expect.any(Promise), expect.any(Promise)]);
    expect(next.numbers).toEqual([]);
    expect(send([4, 5])).toBeUndefined();
    await Promise.all([first, second]);
    expect(next.numbers).toEqual([[1, 2, 3, 4, 5]]);
  });

  it('until there are enough bytes', async () => {
    const next = new Downstream();
    const { byteLength } = numberedBatch('logs', [1]);
    const { send } = create({ send_batch_size_bytes: 3 * byteLength }, next);
    const sent = [send([1]), send([2])];
    expect(next.numbers).toEqual([]);
    await Promise.all([...sent, send([3])]);
    expect(next.numbers).toEqual([[1, 2, 3]]);
  });

  it('until the time is over', async () => {
    const next = new Downstream();
    const { send } = create({ timeout: '20ms' }, next);
    await Promise.all([send([1]), send([2])]);
    expect(next.numbers).toEqual([[1, 2]]);
    await send([3]);
    expect(next.numbers).toEqual([[1, 2], [3]]);
  });

  it.each([{ timeout: '0s' }, { send_batch_size: 0 }])('nothing with %j', (block) => {
    const next = new Downstream();
    const { send } = create(block, next);
    expect([send([1]), send([2, 3])]).toEqual([undefined, undefined]);
    expect(next.numbers).toEqual([[1], [2, 3]]);
  });

  it('no empty batches', () => {
    const next = new Downstream();
    const { send } = create({ send_batch_size: 0 }, next);
    expect(send([])).toBeUndefined();
    expect(next.batches).toEqual([]);
  });

  it('whole batches of callers only, as long as they fit below the maximum', async () => {
    const next = new Downstream();
    const { send, processor } = create({ send_batch_size: 4, send_batch_max_size: 5 }, next);
    const sent = [send([1, 2, 3]), send([4, 5, 6]), send([7]), send([8, 9]), send([10, 11])];
    const shutdown = processor.shutdown?.();
    await Promise.all([...sent, shutdown]);
    expect(next.numbers).toEqual([
      [1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
  });

  it('within a maximum of bytes', async () => {
    const next = new Downstream();
    const { byteLength } = numberedBatch('logs', [1]);
    const { send, processor } = create({ send_batch_max_size_bytes: 2 * byteLength + 1 }, next);
    const sent = [send([1]), send([2]), send([3])];
    await Promise.all([...sent, processor.shutdown?.()]);
    expect(next.numbers).toEqual([[1, 2], [3]]);
  });

  it('and divides what is too large by itself', () => {
    const next = new Downstream();
    const { send } = create({ send_batch_size: 2, send_batch_max_size: 2 }, next);
    expect(send([1, 2, 3, 4, 5])).toBeUndefined();
    expect(next.numbers).toEqual([[1, 2], [3, 4], [5]]);
  });
});

describe('the outcome of consume', () => {
  it('comes only when the data was accepted downstream', async () => {
    const next = new Downstream(() => 'later');
    const { outcome } = create({ send_batch_size: 2 }, next);
    const settled: unknown[] = [];
    const callers = [outcome([1]), outcome([2])].map((it) => it.then((result) => settled.push(result)));
    await new Promise((resolve) => setImmediate(resolve));
    expect([next.numbers, settled]).toEqual([[[1, 2]], []]);
    next.answers[0]?.resolve();
    await Promise.all(callers);
    expect(settled).toEqual(['accepted', 'accepted']);
  });

  it.each([
    ['thrown', () => retryable],
    ['rejected', (): 'later' => 'later'],
  ])('is the same refusal for now for all whose data went together (%s)', async (_, answer) => {
    const next = new Downstream(answer);
    const { outcome } = create({ send_batch_size: 2 }, next);
    const outcomes = [outcome([1]), outcome([2])];
    next.answers[0]?.reject(retryable);
    expect(await Promise.all(outcomes)).toEqual([retryable, retryable]);
    expect(next.numbers).toEqual([[1, 2]]);
  });

  it('of a refusal for good is told to the caller whose data it concerns, and to no other', async () => {
    const next = new Downstream((batch) => (numbersOf(batch).includes(3) ? permanent : undefined));
    const { outcome, settings } = create({ send_batch_size: 4 }, next);
    expect(await Promise.all([outcome([1]), outcome([2, 3]), outcome([4])])).toEqual([
      'accepted',
      permanent,
      'accepted',
    ]);
    expect(next.numbers).toEqual([[1, 2, 3, 4], [1], [2, 3], [4]]);
    expect(settings.registry.snapshot()['otelcol_processor_batch_isolated_batches{processor="batch"}']).toBe(
      1,
    );
  });

  it('of a refusal for good that was not told at once, too', async () => {
    const next = new Downstream(() => 'later');
    const { outcome } = create({ send_batch_size: 2 }, next);
    const outcomes = [outcome([1]), outcome([2])];
    next.answers[0]?.reject(permanent);
    await new Promise((resolve) => setImmediate(resolve));
    expect(next.numbers).toEqual([[1, 2], [1], [2]]);
    next.answers[1]?.reject(permanent);
    next.answers[2]?.reject(retryable);
    expect(await Promise.all(outcomes)).toEqual([permanent, retryable]);
  });

  it('of one caller alone is not tried twice', async () => {
    const next = new Downstream(() => permanent);
    const { outcome } = create({ send_batch_size: 1 }, next);
    expect(await outcome([1])).toBe(permanent);
    expect(next.numbers).toEqual([[1]]);
  });

  it.each([
    [permanent, retryable, retryable],
    [retryable, permanent, retryable],
    [permanent, undefined, permanent],
    [undefined, retryable, retryable],
    [undefined, undefined, 'accepted'],
  ])('of a divided batch with parts %s and %s is %s', async (first, second, expected) => {
    const answers = [first, second];
    const next = new Downstream(() => answers.shift());
    const { outcome } = create({ send_batch_size: 1, send_batch_max_size: 1 }, next);
    expect(await outcome([1, 2])).toBe(expected);
    expect(next.numbers).toEqual([[1], [2]]);
  });

  it('is a refusal even if what follows gives no reason', async () => {
    const next: Consumer = { consume: () => Promise.reject(undefined) };
    const { outcome } = create({ send_batch_size: 1 }, next);
    expect(await outcome([1])).toEqual(
      new Error('batch: the next component refused the data without a reason.'),
    );
  });
});

describe('what waits', () => {
  it('is bounded in batches', async () => {
    const next = new Downstream(() => 'later');
    const { outcome, settings } = create({ send_batch_size: 1, max_pending_batches: 2 }, next);
    const accepted = [outcome([1]), outcome([2])];
    const refusal = await outcome([3, 4]);
    expect(refusal).toBeInstanceOf(RetryableError);
    expect(refusal).toMatchObject({
      code: 'BATCH_FULL',
      message: 'batch: it holds 2 batches (max_pending_batches: 2). Send the data again later.',
    });
    expect(settings.registry.snapshot()['otelcol_processor_batch_refused_items{processor="batch"}']).toBe(2);
    for (const answer of next.answers) answer.resolve();
    expect(await Promise.all(accepted)).toEqual(['accepted', 'accepted']);
    const third = outcome([3, 4]);
    next.answers[2]?.resolve();
    expect(await third).toBe('accepted');
  });

  it('is bounded in bytes, but a single batch is always taken', async () => {
    const next = new Downstream(() => 'later');
    const { byteLength } = numberedBatch('logs', [1]);
    const { outcome } = create({ send_batch_size: 1, max_pending_bytes: byteLength }, next);
    const large = outcome([1, 2, 3]);
    expect(next.numbers).toEqual([[1, 2, 3]]);
    expect(await outcome([4])).toMatchObject({
      code: 'BATCH_FULL',
      message: `batch: it holds ${numberedBatch('logs', [1, 2, 3]).byteLength} bytes (max_pending_bytes: ${byteLength}). Send the data again later.`,
    });
    next.answers[0]?.resolve();
    expect(await large).toBe('accepted');
  });

  it('is sent on shutdown, which ends when it was accepted', async () => {
    const next = new Downstream(() => 'later');
    const { outcome, processor } = create({}, next);
    const outcomes = [outcome([1]), outcome([2])];
    let isDown = false;
    const down = Promise.resolve(processor.shutdown?.()).then(() => {
      isDown = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([next.numbers, isDown]).toEqual([[[1, 2]], false]);
    next.answers[0]?.resolve();
    await down;
    expect(await Promise.all(outcomes)).toEqual(['accepted', 'accepted']);
  });

  it('is refused for now where the shutdown may not wait', async () => {
    const next = new Downstream(() => 'later');
    const { outcome, processor } = create({}, next);
    const outcomes = [outcome([1]), outcome([2])];
    const abort = new AbortController();
    const down = processor.shutdown?.(abort.signal);
    abort.abort();
    await down;
    const text = 'batch: it shut down before the data was accepted. Send the data again later.';
    expect(await Promise.all(outcomes)).toEqual([
      new RetryableError('SHUTDOWN', text),
      new RetryableError('SHUTDOWN', text),
    ]);
  });
});

it('what a shutdown gave up is not sent again when its batch is refused', async () => {
  const next = new Downstream(() => 'later');
  const { outcome, processor } = create({ send_batch_size: 2 }, next);
  const outcomes = [outcome([1]), outcome([2])];
  await processor.shutdown?.(AbortSignal.abort());
  next.answers[0]?.reject(permanent);
  expect(await Promise.all(outcomes)).toEqual([
    expect.objectContaining({ code: 'SHUTDOWN' }),
    expect.objectContaining({ code: 'SHUTDOWN' }),
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(next.numbers).toEqual([[1, 2]]);
});

describe('metadata_keys', () => {
  const from = (tenant: string | undefined, other = 'x'): BatchMeta => ({
    peerAddress: '10.0.0.1',
    metadata: new Map([...(tenant === undefined ? [] : [['tenant', [tenant]] as const]), ['other', [other]]]),
  });

  it('keep apart what differs in them, and keep them with the data', async () => {
    const next = new Downstream();
    const { send, settings } = create({ send_batch_size: 2, metadata_keys: ['Tenant'] }, next);
    const sent = [send([1], from('a')), send([2], from('b')), send([3], from(undefined))];
    const cardinality = 'otelcol_processor_batch_metadata_cardinality{processor="batch"}';
    expect(settings.registry.snapshot()[cardinality]).toBe(3);
    sent.push(send([4], from('b', 'y')), send([5], from('a', 'z')), send([6], from(undefined)));
    await Promise.all(sent);
    expect(next.batches.map((batch) => [numbersOf(batch), batch.meta])).toEqual([
      [[2, 4], { metadata: new Map([['tenant', ['b']]]) }],
      [[1, 5], { metadata: new Map([['tenant', ['a']]]) }],
      [[3, 6], {}],
    ]);
    // What is zero does not stand in a snapshot.
    expect(settings.registry.snapshot()[cardinality]).toBeUndefined();
  });

  it('are kept when parts are sent alone', async () => {
    const next = new Downstream((batch) => (batch.itemCount > 1 ? permanent : undefined));
    const { outcome } = create({ send_batch_size: 2, metadata_keys: ['tenant'] }, next);
    await Promise.all([outcome([1], from('a')), outcome([2], from('a'))]);
    expect(next.batches.map(({ meta }) => meta)).toEqual(
      Array(3).fill({ metadata: new Map([['tenant', ['a']]]) }),
    );
  });

  it('may have so many values at once, and more when some are done', async () => {
    const next = new Downstream();
    const { outcome, processor } = create({ metadata_keys: ['tenant'], metadata_cardinality_limit: 2 }, next);
    const waiting = [outcome([1], from('a')), outcome([2], from('b'))];
    expect(await outcome([3], from('c'))).toMatchObject({
      code: 'BATCH_FULL',
      message:
        'batch: data of 2 metadata value combinations waits (metadata_cardinality_limit: 2). Send the data again later.',
    });
    waiting.push(outcome([4], from('a')));
    await processor.shutdown?.();
    expect(await Promise.all(waiting)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(next.numbers).toEqual([[1, 4], [2]]);
  });

  it('without them nothing is known of where merged data came from', async () => {
    const next = new Downstream();
    const { send } = create({ send_batch_size: 2 }, next);
    await Promise.all([send([1], from('a')), send([2], from('a')), send([3, 4], from('a'))]);
    expect(next.batches.map(({ meta }) => meta)).toEqual([{}, {}]);
  });
});

it("counts with the Collector's names what it sends and why", async () => {
  const next = new Downstream();
  const { send, processor, settings } = create({ send_batch_size: 3 }, next);
  send([1, 2, 3, 4]);
  const rest = send([5]);
  const { byteLength } = numberedBatch('logs', [5]);
  expect(settings.registry.snapshot()).toMatchObject({
    'otelcol_processor_batch_metadata_cardinality{processor="batch"}': 1,
    'otelcol_processor_batch_pending_batches{processor="batch"}': 1,
    'otelcol_processor_batch_pending_bytes{processor="batch"}': byteLength,
  });
  await processor.shutdown?.();
  await rest;
  const [first, second] = next.batches.map(({ byteLength }) => byteLength);
  expect(settings.registry.snapshot()).toEqual({
    'otelcol_processor_batch_batch_size_trigger_send{processor="batch"}': 1,
    'otelcol_processor_batch_timeout_trigger_send{processor="batch"}': 1,
    'otelcol_processor_batch_batch_send_size{processor="batch"}': expect.objectContaining({
      count: 2,
      sum: 5,
    }),
    'otelcol_processor_batch_batch_send_size_bytes{processor="batch"}': expect.objectContaining({
      count: 2,
      sum: (first ?? 0) + (second ?? 0),
    }),
  });
});
