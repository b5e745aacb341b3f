/**
 * The counts of what makes pods. They are in the whole objects only (`apps.v1`, `batch.v1`), so who wants them watches those
 * instead of their metadata. Numbers of fields by k8s.io/api/{apps,batch}/v1/generated.proto; all are int32 but CronJob's list of
 * active Jobs, which is counted.
 */

import { MalformedError } from '../wire/field-reader.ts';
import { ObjectReader } from './object-reader.ts';

/** Field numbers by what they count, of the specification (2) and of the status (3). */
const LAYOUTS = {
  Deployment: { spec: { desired: 1 }, status: { available: 4, ready: 7, updated: 3, current: 2 } },
  ReplicaSet: { spec: { desired: 1 }, status: { available: 5, ready: 4, current: 1 } },
  StatefulSet: { spec: { desired: 1 }, status: { available: 11, ready: 3, updated: 5, current: 4 } },
  DaemonSet: {
    spec: {},
    status: { current: 1, misscheduled: 2, desired: 3, ready: 4, updated: 6, available: 7 },
  },
  Job: { spec: { parallelism: 1, completions: 2 }, status: { active: 4, succeeded: 5, failed: 6, ready: 9 } },
  CronJob: { spec: {}, status: { active: 1 } },
} as const satisfies Record<string, { spec: Record<string, number>; status: Record<string, number> }>;

/** The kinds that have counts. */
export type CountedKind = keyof typeof LAYOUTS;

/** What is counted. */
export type WorkloadCount =
  | 'desired'
  | 'current'
  | 'ready'
  | 'available'
  | 'updated'
  | 'misscheduled'
  | 'parallelism'
  | 'completions'
  | 'active'
  | 'succeeded'
  | 'failed';

/**
 * The counts of a workload. What the object does not say is 0, as the API has it, but for the counts of a specification that has
 * none: a Job without `completions` has no such count.
 */
export type WorkloadCounts = Readonly<Partial<Record<WorkloadCount, number>>>;

/** Reads the counts of one workload after the other. */
export class WorkloadCountsDecoder {
  readonly #reader = new ObjectReader();

  /** The counts of a whole object; undefined if its bytes are not those of one. */
  read(kind: CountedKind, object: Uint8Array): WorkloadCounts | undefined {
    const { spec, status } = LAYOUTS[kind];
    const counts: Partial<Record<WorkloadCount, number>> = {};
    for (const name of Object.keys(status) as WorkloadCount[]) counts[name] = 0;
    const reader = this.#reader;
    try {
      const end = reader.begin(object);
      for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
        if (field === 2) readCounts(reader, reader.enter(end), spec, counts);
        else if (field === 3) readCounts(reader, reader.enter(end), status, counts);
        else reader.skip(end);
      }
      return counts;
    } catch (error) {
      if (error instanceof MalformedError) return undefined;
      throw error;
    } finally {
      reader.finish();
    }
  }
}

function readCounts(
  reader: ObjectReader,
  end: number,
  layout: Readonly<Partial<Record<WorkloadCount, number>>>,
  into: Partial<Record<WorkloadCount, number>>,
): void {
  const names = Object.entries(layout) as [WorkloadCount, number][];
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    const name = names.find(([, number]) => number === field)?.[0];
    if (name === undefined) reader.skip(end);
    else if (reader.isMessage) {
      into[name] = (into[name] ?? 0) + 1;
      reader.skip(end);
    } else into[name] = reader.integer(end);
  }
}
