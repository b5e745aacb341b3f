import {
  type Case,
  type Compression,
  caseName,
  needsKubernetes,
  type Transport,
  type Work,
} from './cases.ts';
import type { Measurement } from './pipeline-bench.ts';

/** A ratio to the peer that the issue of a case asks for. */
export interface Target {
  readonly ratio: number;
  fits(it: Case): boolean;
}

/** What is to be reached against the Go Collector, items per CPU-second, with 100 and with 1000 items a request. */
export const TARGETS: readonly Target[] = [
  ...targets(['http'], 'none', 'none', 8, 14),
  ...targets(['http'], 'none', 'resource', 6, 10),
  ...targets(['grpc'], 'none', 'none', 6, 8),
  ...targets(['grpc'], 'none', 'resource', 5, 7),
  ...targets(['http', 'grpc'], 'none', 'rename', 3, 3),
  ...targets(['http', 'grpc'], 'zstd', 'none', 12, 12),
  ...targets(['http', 'grpc'], 'zstd', 'resource', 6, 6),
  ...targets(['http', 'grpc'], 'gzip', 'none', 10, 10),
  ...targets(['http', 'grpc'], 'gzip', 'resource', 2, 2),
  { ratio: 4, fits: needsKubernetes },
];

function targets(
  transports: readonly Transport[],
  compression: Compression,
  work: Work,
  at100: number,
  at1000: number,
): readonly Target[] {
  const target = (itemsPerRequest: number, ratio: number): Target => ({
    ratio,
    fits: (it) =>
      transports.includes(it.transport) &&
      it.compression === compression &&
      it.work === work &&
      it.itemsPerRequest === itemsPerRequest,
  });
  return [target(100, at100), target(1000, at1000)];
}

const KILO = 1000;
const MIB = 1024 * 1024;

function thousands(value: number): string {
  return Math.round(value / KILO).toLocaleString('en-US');
}

/**
 * The measurements as a Markdown table: one row a case, thousand items per CPU-second of each contender, the ratio of
 * the first to the second, the target where there is one, peak memory, bytes on the wire, and for the first the
 * nanoseconds of CPU time and the bytes copied for an item.
 */
export function toMarkdown(measurements: readonly Measurement[]): string {
  const names = [...new Set(measurements.map((each) => each.contender))];
  const byCase = Map.groupBy(measurements, (each) => caseName(each.case));
  const [ours, peer] = names;
  const head = [
    'case',
    ...names.map((name) => `${name}, k items/CPU-s`),
    ...(peer === undefined ? [] : ['ratio', 'target']),
    ...names.map((name) => `${name}, peak MiB`),
    'bytes/item out',
    `${ours}, ns/item`,
    'bytes/item copied',
  ];
  const rows = [...byCase].map(([name, group]) => {
    const of = (contender: string | undefined) => group.find((each) => each.contender === contender);
    const own = of(ours);
    const other = of(peer);
    const [first] = group;
    const target = first === undefined ? undefined : TARGETS.find((each) => each.fits(first.case));
    const ratio =
      own !== undefined && other !== undefined ? own.itemsPerCpuSecond / other.itemsPerCpuSecond : undefined;
    const verdict =
      target === undefined || ratio === undefined ? '' : ratio >= target.ratio ? '' : ' (missed)';
    return [
      name,
      ...names.map((each) => thousands(of(each)?.itemsPerCpuSecond ?? Number.NaN)),
      ...(peer === undefined ? [] : [ratio?.toFixed(2) ?? '', `${target?.ratio ?? ''}${verdict}`]),
      ...names.map((each) => ((of(each)?.peakRssBytes ?? Number.NaN) / MIB).toFixed(0)),
      (own?.wireBytesPerItem ?? Number.NaN).toFixed(0),
      (1e9 / (own?.itemsPerCpuSecond ?? Number.NaN)).toFixed(0),
      own?.copiedBytesPerItem?.toFixed(0) ?? '',
    ];
  });
  return aligned(head, rows);
}

/** A Markdown table that is also readable as it stands: the first column to the left, the figures to the right. */
export function aligned(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [head, rule, ...rows].map((cells) => `| ${cells.map(pad).join(' | ')} |`).join('\n');
}
