/** `service::workers` in the running program: who takes what, what is counted, and what becomes of a worker's death and of the end. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Batch, type Consumer, PermanentError, RetryableError } from '@tributary/core';
import { numberedBatch, numbersOf, sink } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { run } from '../run-cli.ts';
import {
  grpcClient,
  post,
  postUntilAccepted,
  RECEIVERS,
  startBackend,
  startProgram,
  testFolder,
  until,
} from './program.ts';

function toBackend(backend: string, processors = ''): string {
  return `${RECEIVERS}
processors:
  memory_limiter: { check_interval: 1s, limit_mib: 2000 }
  resource: { attributes: [{ key: deployment.environment.name, value: test, action: insert }] }
exporters:
  otlp_http:
    endpoint: http://${backend}
    compression: none
    sending_queue: { enabled: false }
    retry_on_failure: { enabled: false }
service:
  pipelines:
    traces: { receivers: [otlp], processors: [memory_limiter, resource${processors}], exporters: [otlp_http] }
`;
}

const allNumbers = (batches: readonly Batch[]): number[] =>
  batches.flatMap(numbersOf).toSorted((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('with two workers', () => {
  it('both take requests over HTTP and gRPC on one port, each is delivered once, and the metrics are of both', async () => {
    const kept = sink();
    const program = await startProgram(testFolder(), toBackend(await startBackend(kept)), 2);
    const codes: number[] = [];
    for (const number of upTo(40)) {
      const batch = numberedBatch('traces', [2 * number, 2 * number + 1]);
      codes.push(
        number % 2 === 0 ? await post(program.http, batch) : await grpcClient(program.grpc).send(batch),
      );
    }
    expect(codes).toEqual(upTo(40).map((number) => (number % 2 === 0 ? 200 : 0)));
    expect(allNumbers(kept.batches)).toEqual(upTo(80));

    await until('all items are counted', async () => {
      const sent = (await program.metrics()).get('otelcol_exporter_sent_spans_total{exporter="otlp_http"}');
      return sent === 80;
    });
    const metrics = await program.metrics();
    const of = (name: string): number | undefined => metrics.get(name);
    const own = ['1', '2'].map(
      (worker) => of(`otelcol_workers_accepted_items_total{worker="${worker}"}`) ?? 0,
    );
    expect({
      http: of('otelcol_receiver_accepted_spans_total{receiver="otlp",transport="http"}'),
      grpc: of('otelcol_receiver_accepted_spans_total{receiver="otlp",transport="grpc"}'),
      incoming: of('otelcol_processor_incoming_items_total{processor="resource",otel_signal="traces"}'),
      deaths: ['1', '2'].map((worker) => of(`otelcol_workers_deaths_total{worker="${worker}"}`)),
      both: own.every((items) => items > 0),
      together: own.reduce((a, b) => a + b),
    }).toEqual({ http: 40, grpc: 40, incoming: 80, deaths: [0, 0], both: true, together: 80 });
  });

  it('a refusal reaches the client as the backend gave it', async () => {
    const refusals = [
      new RetryableError('EXPORT_UNAVAILABLE', 'later.'),
      new PermanentError('EXPORT_REFUSED', 'never.'),
    ];
    const backend: Consumer = {
      consume: () => {
        throw refusals.shift() ?? new Error('no more refusals');
      },
    };
    const program = await startProgram(testFolder(), toBackend(await startBackend(backend)), 2);
    const send = () => post(program.http, numberedBatch('traces', [1]));
    expect([await send(), await send()]).toEqual([503, 500]);
  });

  it('a request under way is answered before the program ends', async () => {
    const released = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const backend: Consumer = {
      consume: () => {
        begun.resolve();
        return released.promise;
      },
    };
    const program = await startProgram(testFolder(), toBackend(await startBackend(backend)), 2);
    const answer = post(program.http, numberedBatch('traces', [1]));
    await begun.promise;
    program.running.child.kill('SIGTERM');
    await program.running.saw('shutting down');
    released.resolve();
    expect([await answer, (await program.running.ended).code]).toEqual([200, 0]);
  });

  it('an address that another process has is told once, and nothing is started', async () => {
    const folder = testFolder();
    const first = await startProgram(folder, toBackend('127.0.0.1:1'), 2);
    const file = path.join(folder, 'second.yaml');
    writeFileSync(file, toBackend('127.0.0.1:1').replace('127.0.0.1:0', first.http));
    const { code, stderr } = await run([
      `--config=${file}`,
      '--set=service.workers=2',
      '--set=service.telemetry.metrics.level=none',
    ]);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(
      `failed to start "otlp" receiver: receivers::otlp::protocols::http::endpoint: cannot listen on "${first.http}" (EADDRINUSE). ` +
        'Another process listens there: end it, or choose another address.',
    );
  });
});

const BOMB = `import { defineProcessor, z } from '@tributary/core';

const explode = {
  throw: () => setImmediate(() => { throw new Error('out of the blue'); }),
  // No more between two looks at the heap than is left when it counts as full.
  memory: () => { const kept = []; setInterval(() => { for (let i = 0; i < 30; i++) kept.push(new Array(1000).fill(i + 0.5)); }, 1); },
};

export const bomb = defineProcessor({
  type: 'bomb',
  description: 'Ends its thread when an item with the number 13 comes, but only once.',
  signals: { traces: 'development' },
  isCopyable: true,
  configSchema: z.strictObject({ how: z.enum(['throw', 'memory']), marker: z.string() }),
  create: (settings, config, next) => ({
    mutatesData: false,
    consume: async (batch) => {
      const { existsSync, writeFileSync } = await import('node:fs');
      const isMeant = batch.toJson().includes('"span 13"') && !existsSync(config.marker);
      if (!isMeant) return next.consume(batch);
      writeFileSync(config.marker, '');
      explode[config.how]();
      return new Promise(() => undefined);
    },
  }),
});
`;

describe.each([
  ['throws where nobody catches it', 'throw', /a worker died.*error="?out of the blue/],
  ['exhausts its heap', 'memory', /a worker died.*error="the heap is exhausted/],
])('a worker that %s', (_name, how, line) => {
  it('is replaced, and clients that send again lose nothing', async () => {
    const kept = sink();
    const folder = testFolder(new Map([['bomb.ts', BOMB]]));
    const marker = path.join(folder, 'marker');
    const yaml = toBackend(await startBackend(kept), ', bomb').replace(
      '\nexporters:',
      `\n  bomb: { how: ${how}, marker: ${marker} }\nexporters:`,
    );
    // A heap that is soon exhausted.
    const env = { NODE_OPTIONS: '--max-old-space-size=256' };
    const program = await startProgram(folder, `plugins: [./bomb.ts]\n${yaml}`, 2, env);
    const clients = upTo(4).map(async (client) => {
      for (const number of upTo(10)) {
        const batch = numberedBatch('traces', [client * 10 + number]);
        await postUntilAccepted(program, batch);
      }
    });
    await Promise.all(clients);
    expect([...new Set(allNumbers(kept.batches))]).toEqual(upTo(40));
    await program.running.saw('a worker died');
    const { stderr } = program.running.output();
    expect(stderr).toMatch(line);
    const started = (text: string): number => text.split('protocol=grpc').length - 1;
    await until('the worker is replaced', () => started(program.running.output().stderr) === 3);
    const metrics = await program.metrics();
    const deaths = ['1', '2'].map((worker) =>
      metrics.get(`otelcol_workers_deaths_total{worker="${worker}"}`),
    );
    expect(deaths.toSorted()).toEqual([0, 1]);
    // The program goes on: after the death, and with what the replaced worker takes.
    for (const number of upTo(10)) {
      expect(await post(program.http, numberedBatch('traces', [100 + number]))).toBe(200);
    }
    program.running.child.kill('SIGTERM');
    expect((await program.running.ended).code).toBe(0);
  }, 180_000);
});
