import { type Case, caseName, needsKubernetes } from './cases.ts';
import type { Measurement } from './pipeline-bench.ts';

/** A ratio to the peer that the issue of a case asks for. */
export interface Target {
  readonly ratio: number;
  fits(it: Case): boolean;
}

/** What is to be reached against the Go Collector, items per CPU-second. */
export const TARGETS: readonly Target[] = [
  {
    ratio: 5,
    fits: (it) =>
      it.transport === 'http' &&
      it.compression === 'none' &&
      it.work === 'none' &&
      it.itemsPerRequest === 100,
  },
  {
    ratio: 8,
    fits: (it) =>
      it.transport === 'http' &&
      it.compression === 'none' &&
      it.work === 'none' &&
      it.itemsPerRequest === 1000,
  },
  { ratio: 4, fits: (it) => needsKubernetes(it) },
  { ratio: 5, fits: (it) => it.transport === 'http' && it.compression === 'zstd' && it.work === 'none' },
  { ratio: 2, fits: (it) => it.transport === 'http' && it.compression === 'gzip' && it.work === 'none' },
  { ratio: 3, fits: (it) => it.transport === 'http' && it.compression === 'none' && it.work === 'rename' },
  ...grpcTargets('none', 'none', 6, 8),
  ...grpcTargets('none', 'resource', 5, 7),
  ...grpcTargets('none', 'rename', 3, 3),
  ...grpcTargets('zstd', 'none', 12, 12),
  ...grpcTargets('zstd', 'resource', 6, 6),
  ...grpcTargets('gzip', 'none', 10, 10),
  ...grpcTargets('gzip', 'resource', 2, 2),
];

/** The targets of one kind of gRPC case, with 100 and with 1000 items a request. */
function grpcTargets(
  compression: Case['compression'],
  work: Case['work'],
  at100: number,
  at1000: number,
): readonly Target[] {
  const target = (itemsPerRequest: number, ratio: number): Target => ({
    ratio,
    fits: (it) =>
      it.transport === 'grpc' &&
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
 * the first to the second, the target where there is one, peak memory and bytes on the wire.
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
    ];
  });
  return aligned(head, rows);
}

/** A Markdown table that is also readable as it stands: the first column to the left, the figures to the right. */
function aligned(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
