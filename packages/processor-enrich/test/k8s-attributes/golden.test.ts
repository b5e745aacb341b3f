/**
 * What the processor makes of requests, against a real API server, compared with what the Collector's k8s_attributes 0.149 made of
 * the same requests. `UPDATE=1 OTELCOL=PATH` records the Collector's answers anew, from a Collector that has the processor.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { type ControlPlane, kubernetesProblems, startControlPlane } from '@tributary/lab';
import { batchJson, goldenCases, jsonBatch, sink, testSettings } from '@tributary/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { k8sAttributesProcessor } from '../../src/index.ts';
import { throughCollector } from './collector.ts';
import { makeShop } from './shop.ts';

/** The Collector to record from, if there is one. */
const collector = process.env['UPDATE'] === '1' ? process.env['OTELCOL'] : undefined;

/** Requests come from here; to the Collector they really do. */
const sender = collector === undefined ? '10.2.0.99' : ownAddress();

const START_LIMIT_MS = 180_000;

const problems = kubernetesProblems();

let controlPlane: ControlPlane;
/** The words that stand in the files for what the server makes up, by what it made up. */
let words: ReadonlyMap<string, string>;

beforeAll(async () => {
  if (problems.length > 0) return;
  controlPlane = await startControlPlane();
  words = await makeShop(controlPlane, sender);
}, START_LIMIT_MS);
afterAll(() => controlPlane?.stop());
beforeEach(({ skip }) => skip(problems.length > 0, problems.join(' ')));

/** What comes out of the processor. */
async function throughProcessor(block: object, request: Record<string, unknown>): Promise<unknown> {
  const config = k8sAttributesProcessor.configSchema.parse({
    auth_type: 'kubeConfig',
    kube_config_path: controlPlane.kubeConfig(),
    wait_for_metadata: true,
    wait_for_metadata_timeout: '60s',
    ...block,
  });
  const out = sink();
  const settings = testSettings({ kind: 'processor', id: 'k8s_attributes', pipeline: 'traces' });
  const processor = k8sAttributesProcessor.create(settings, config, out);
  try {
    await processor.start?.({} as never);
    await processor.consume(jsonBatch(request, { peerAddress: sender }));
  } finally {
    await processor.shutdown?.();
  }
  return batchJson(out.batches[0]!);
}

describe('the k8s_attributes processor', () => {
  for (const golden of goldenCases(path.join(import.meta.dirname, '../../testdata/k8s-attributes'))) {
    it(`gives what the Collector gives: ${golden.name}`, { timeout: START_LIMIT_MS }, async () => {
      const text = readFileSync(path.join(golden.dir, 'config.json'), 'utf8');
      const request = JSON.parse(withIds(golden.input().toString())) as Record<string, unknown>;
      const expectedPath = path.join(golden.dir, 'expected.json');
      if (collector !== undefined) {
        const kubeConfig = controlPlane.kubeConfig();
        const recorded = await throughCollector(collector, JSON.parse(text), request, kubeConfig, sender);
        writeFileSync(expectedPath, `${JSON.stringify(withWords(recorded), null, 2)}\n`);
      }
      // In a configuration file `$$` is `$`.
      const block = JSON.parse(text.replaceAll('$$', '$')) as object;
      const actual = withWords(await throughProcessor(block, request));
      expect(actual).toEqual(JSON.parse(readFileSync(expectedPath, 'utf8')));
    });
  }
});

/** An address of this machine beside the loopback's, which no pod can have. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own === undefined) throw new Error('this machine has no address to record with');
  return own.address;
}

function withIds(text: string): string {
  let replaced = text;
  for (const [id, word] of words) replaced = replaced.replaceAll(word, id);
  return replaced;
}

/** Puts the words in, sorts attributes by key (the Collector adds them in no order), and drops messages with nothing in them. */
function withWords(output: unknown): unknown {
  return JSON.parse(JSON.stringify(output), (_key, value: unknown) => {
    if (typeof value === 'string') return words.get(value) ?? value;
    if (Array.isArray(value) && value.every(isAttribute)) {
      return value.toSorted((left, right) => (left.key < right.key ? -1 : 1));
    }
    return isEmptyMessage(value) ? undefined : value;
  });
}

function isEmptyMessage(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  );
}

function isAttribute(value: unknown): value is { readonly key: string } {
  return typeof value === 'object' && value !== null && 'key' in value;
}
