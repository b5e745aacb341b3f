/**
 * What the OTLP core costs an item, in nanoseconds: `node bench/micro/otlp-check.ts`. The figures that the code and
 * packages/core/README.md name come from here.
 */
import { cpus } from 'node:os';
import { Batch, type Signal } from '@tributary/core';
import { nanosecondsPerCall } from './measure.ts';
import { type Load, logLoad, metricLoad, spanLoad } from './otlp-load.ts';

const ITEMS = 1000;

const LOADS: readonly { readonly signal: Signal; readonly load: Load; readonly from: string }[] = [
  { signal: 'traces', load: spanLoad(ITEMS, 0), from: 'http.request.method' },
  { signal: 'traces', load: spanLoad(ITEMS, 3), from: 'http.request.method' },
  { signal: 'logs', load: logLoad(ITEMS), from: 'thread.name' },
  { signal: 'metrics', load: metricLoad(ITEMS), from: 'url.scheme' },
];

let sink = 0;

function readOne(batch: Batch, key: string): void {
  for (const record of batch.records()) {
    if (record.kindOf === 'metric') {
      for (const point of record.dataPoints()) sink += point.attributes.getString(key)!.length;
    } else {
      sink += record.attributes.getString(key)!.length;
    }
  }
}

function renameOne(batch: Batch, key: string): void {
  for (const record of batch.records()) {
    if (record.kindOf === 'metric') {
      for (const point of record.dataPoints()) point.attributes.rename(key, 'renamed.attribute');
    } else {
      record.attributes.rename(key, 'renamed.attribute');
    }
  }
}

function appendToResources(batch: Batch): void {
  for (const group of batch.resources()) {
    group.resource.attributes.set('k8s.cluster.name', 'production-eu-1');
    group.resource.attributes.set('deployment.environment.name', 'production');
  }
}

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ns an item, ${ITEMS} items a request\n`,
);
console.log(
  'item'.padEnd(12) +
    [
      'bytes',
      'check',
      'read one attribute',
      'resource +2, toChunks',
      'rename each, toBytes',
      'rename each, toChunks',
      'in one pass, toChunks',
    ]
      .map((title) => title.padStart(23))
      .join(''),
);
for (const { signal, load, from } of LOADS) {
  const { bytes, items } = load;
  const figures = [
    bytes.length,
    nanosecondsPerCall(() => void Batch.decode(signal, bytes)),
    nanosecondsPerCall(() => readOne(Batch.trusted(signal, bytes), from)),
    nanosecondsPerCall(() => {
      const batch = Batch.trusted(signal, bytes);
      appendToResources(batch);
      sink += batch.toChunks().length;
    }),
    nanosecondsPerCall(() => {
      const batch = Batch.trusted(signal, bytes);
      renameOne(batch, from);
      sink += batch.toBytes().length;
    }),
    nanosecondsPerCall(() => {
      const batch = Batch.trusted(signal, bytes);
      renameOne(batch, from);
      sink += batch.toChunks().length;
    }),
    nanosecondsPerCall(() => {
      const batch = Batch.trusted(signal, bytes);
      batch.editItemAttributes((attributes) => void attributes.rename(from, 'renamed.attribute'));
      sink += batch.toChunks().length;
    }),
  ];
  console.log(
    load.name.padEnd(12) + figures.map((figure) => (figure / items).toFixed(1).padStart(23)).join(''),
  );
}
if (sink < 0) throw new Error('the work was not done');
