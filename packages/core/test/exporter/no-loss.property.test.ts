import {
  createExporter,
  PermanentError,
  RetryableError,
  retryOnFailureSchema,
  sendingQueueSchema,
} from '@tributary/core';
import { numberedBatch, numbersOf, testSettings } from '@tributary/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { settled } from './backend.ts';

type Answer = 'accept' | 'refuse' | 'down' | 'reject one';

const answers = fc.constantFrom<Answer>('accept', 'accept', 'refuse', 'down', 'reject one');
const queues = fc.record({
  num_consumers: fc.integer({ min: 1, max: 3 }),
  queue_size: fc.integer({ min: 1, max: 12 }),
  sizer: fc.constantFrom('requests', 'items'),
  block_on_overflow: fc.boolean(),
  wait_for_result: fc.boolean(),
  batch: fc.option(
    fc.record({ min_size: fc.integer({ min: 0, max: 6 }), max_size: fc.constantFrom(0, 6, 7) }),
    { nil: undefined },
  ),
});

it('every item is accounted for exactly once, whatever the backend answers', async () => {
  await fc.assert(
    fc.asyncProperty(
      queues,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 15 }),
      fc.array(answers, { maxLength: 40 }),
      fc.boolean(),
      async (block, sizes, script, isAsync) => {
        const settings = testSettings({ kind: 'exporter', id: 'otlp' });
        const taken: number[] = [];
        let rejected = 0;
        const remaining = [...script];
        const exporter = createExporter(settings, {
          queue: sendingQueueSchema.parse({
            ...block,
            batch: block.batch && { flush_timeout: '1ms', ...block.batch },
          }),
          retry: retryOnFailureSchema.parse({ initial_interval: '1ms', max_interval: '1ms' }),
          send: (batch) => {
            const answer = remaining.shift() ?? 'accept';
            const result = (): { rejectedItems: number; message: string } | undefined => {
              if (answer === 'refuse') throw new PermanentError('EXPORT_REFUSED', 'no', { status: 3 });
              if (answer === 'down') throw new RetryableError('EXPORT_UNAVAILABLE', 'down', { status: 14 });
              taken.push(...numbersOf(batch));
              if (answer === 'accept') return undefined;
              rejected += 1;
              return { rejectedItems: 1, message: 'one' };
            };
            return isAsync ? settled().then(result) : result();
          },
        });

        let next = 0;
        const outcomes = sizes.map((size) => {
          const numbers = Array.from({ length: size }, () => next++);
          const accept = async (): Promise<void> => exporter.consume(numberedBatch('logs', numbers));
          return accept().then(
            () => ({ size, error: undefined }),
            (error: unknown) => ({ size, error }),
          );
        });
        // Whoever waits in line is let in as the backend answers; the shutdown would refuse them.
        if (block.block_on_overflow) await Promise.all(outcomes);
        await exporter.shutdown?.();
        const settledOutcomes = await Promise.all(outcomes);

        const snapshot = settings.registry.snapshot();
        const count = (name: string): number =>
          Object.entries(snapshot)
            .filter(([key]) => key.startsWith(`otelcol_exporter_${name}_log_records`))
            .reduce((sum, [, value]) => sum + (value as number), 0);
        expect(new Set(taken).size).toBe(taken.length);
        expect(count('sent')).toBe(taken.length - rejected);
        expect(count('sent') + count('send_failed') + count('enqueue_failed')).toBe(next);
        const refusedByQueue = settledOutcomes
          .filter(({ error }) => error instanceof Error && 'code' in error && error.code === 'QUEUE_FULL')
          .reduce((sum, { size }) => sum + size, 0);
        expect(refusedByQueue).toBe(count('enqueue_failed'));
        expect(snapshot['otelcol_exporter_queue_size{data_type="logs",exporter="otlp"}'] ?? 0).toBe(0);
        expect(snapshot['otelcol_exporter_in_flight_requests{data_type="logs",exporter="otlp"}'] ?? 0).toBe(
          0,
        );
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
