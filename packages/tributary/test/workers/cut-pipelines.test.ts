/** Pipelines that are cut, because what stands in them needs all data in one place, give what they give without workers. */
import { type AttributesInput, type Batch, LogsWriter } from '@tributary/core';
import { sink } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { post, RECEIVERS, startBackend, startProgram, testFolder } from './program.ts';

const TABLE = 'prefix,site\n10.20.0.0/16,Frankfurt\n10.60.0.0/16,Dublin\n';

const yaml = (backend: string): string => `${RECEIVERS}
processors:
  memory_limiter: { check_interval: 1s, limit_mib: 2000 }
  enrich:
    tables:
      - { name: ipam, file: { path: ipam.csv }, match: { cidr: prefix }, attributes: { network.site: site } }
connectors:
  flowmetrics: { interval: 1h, max_stale: 2h, dimensions: { source: [network.site], destination: [network.site] } }
exporters:
  otlp_http:
    endpoint: http://${backend}
    compression: none
    sending_queue: { enabled: false }
service:
  pipelines:
    logs: { receivers: [otlp], processors: [memory_limiter, enrich], exporters: [flowmetrics, otlp_http] }
    metrics: { receivers: [flowmetrics], exporters: [otlp_http] }
`;

/** So many flows from one office to another, told apart by the port. */
function flows(first: number, count: number): Batch {
  const writer = new LogsWriter();
  writer.resource({ 'host.name': 'node-1' });
  for (let port = first; port < first + count; port++) {
    const attributes: AttributesInput = {
      'network.transport': 'tcp',
      'source.address': `10.20.${port % 250}.7`,
      'source.port': 20_000 + port,
      'destination.address': '10.60.9.20',
      'destination.port': 5432,
      'flow.observer': 'source',
      'flow.state': 'closed',
      'flow.end_reason': 'closed',
      'flow.source.bytes': 100 + port,
      'flow.destination.bytes': 1000,
    };
    writer.record({ eventName: 'network.flow', timeUnixNano: 1_700_000_000_000_000_000n, attributes });
  }
  return writer.finish()!;
}

interface Outcome {
  readonly flows: readonly unknown[];
  readonly metrics: readonly unknown[];
  readonly crossed: boolean;
}

/** What comes out of the program with so many workers. */
async function outcome(workers: number): Promise<Outcome> {
  const kept = sink();
  const folder = testFolder(new Map([['ipam.csv', TABLE]]));
  const program = await startProgram(folder, yaml(await startBackend(kept)), workers);
  for (let first = 0; first < 600; first += 50) {
    expect(await post(program.http, flows(first, 50))).toBe(200);
  }
  const { stderr } = program.running.output();
  program.running.child.kill('SIGTERM');
  expect((await program.running.ended).code).toBe(0);
  return {
    flows: kept.batches
      .filter(({ signal }) => signal === 'logs')
      .flatMap(flowsOf)
      .toSorted(),
    metrics: kept.batches
      .filter(({ signal }) => signal === 'metrics')
      .flatMap(pointsOf)
      .toSorted(),
    crossed: stderr.includes('workers are running'),
  };
}

function flowsOf(batch: Batch): string[] {
  return batch
    .records()
    .flatMap((record) => (record.kindOf === 'log' ? [JSON.stringify(record.attributes.toObject())] : []));
}

/** Every data point without its times. */
function pointsOf(batch: Batch): string[] {
  return batch.records().flatMap((record) => {
    if (record.kindOf !== 'metric') return [];
    return record.dataPoints().map((point) => {
      const value =
        'value' in point ? point.value : 'sum' in point ? [point.sum, Number(point.count)] : undefined;
      return JSON.stringify([record.name, point.attributes.toObject(), value]);
    });
  });
}

it('two workers give the flows and the metrics that one thread gives', async () => {
  const [alone, withWorkers] = [await outcome(1), await outcome(2)];
  expect(withWorkers).toEqual({ ...alone, crossed: true });
  expect({ flows: alone.flows.length, crossed: alone.crossed, metrics: alone.metrics }).toEqual({
    flows: 600,
    crossed: false,
    metrics: expect.arrayContaining([expect.stringContaining('"source.network.site":"Frankfurt"')]),
  });
});
