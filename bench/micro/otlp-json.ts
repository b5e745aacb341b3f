/** What OTLP/JSON costs an item, in nanoseconds, beside JSON.parse and JSON.stringify alone: `node bench/micro/otlp-json.ts`. */
import { cpus } from 'node:os';
import { Batch, type Signal } from '@tributary/core';
import { nanosecondsPerCall } from './measure.ts';
import { type Load, logLoad, metricLoad, spanLoad } from './otlp-load.ts';

const ITEMS = 1000;

const LOADS: readonly { readonly signal: Signal; readonly load: Load }[] = [
  { signal: 'traces', load: spanLoad(ITEMS, 3) },
  { signal: 'logs', load: logLoad(ITEMS) },
  { signal: 'metrics', load: metricLoad(ITEMS) },
];

let sink = 0;

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ns an item, ${ITEMS} items a request\n`,
);
const titles = ['bytes of JSON', 'from JSON', 'JSON.parse alone', 'to JSON', 'JSON.stringify alone'];
console.log('item'.padEnd(12) + titles.map((title) => title.padStart(22)).join(''));
for (const { signal, load } of LOADS) {
  const batch = Batch.trusted(signal, load.bytes);
  const text = Buffer.from(batch.toJson());
  const value: unknown = JSON.parse(text.toString());
  const figures = [
    text.length,
    nanosecondsPerCall(() => {
      sink += Batch.decodeJson(signal, text).byteLength;
    }),
    nanosecondsPerCall(() => {
      sink += Object.keys(JSON.parse(text.toString()) as object).length;
    }),
    nanosecondsPerCall(() => {
      sink += batch.toJson().length;
    }),
    nanosecondsPerCall(() => {
      sink += JSON.stringify(value).length;
    }),
  ];
  console.log(
    load.name.padEnd(12) + figures.map((figure) => (figure / load.items).toFixed(0).padStart(22)).join(''),
  );
}
if (sink < 0) throw new Error('the work was not done');
