/**
 * `core.v1.Event` (k8s.io/api/core/v1/generated.proto), of which this much is read:
 *
 *     1 metadata { 1 name · 3 namespace · 5 uid · 6 resourceVersion · 8 creationTimestamp }
 *     2 involvedObject { 1 kind · 2 namespace · 3 name · 4 uid · 5 apiVersion · 6 resourceVersion · 7 fieldPath }
 *     3 reason · 4 message · 5 source { 1 component · 2 host } · 6 firstTimestamp · 7 lastTimestamp · 8 count · 9 type
 *     10 eventTime · 11 series { 1 count · 2 lastObservedTime } · 12 action · 14 reportingComponent · 15 reportingInstance
 *
 * Times are { 1 seconds: int64 · 2 nanos: int32 }.
 */
import { MalformedError, ObjectReader } from '@tributary/kubernetes';

/** What an Event is about. Empty where the Event does not say. */
export interface InvolvedObject {
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  apiVersion: string;
  resourceVersion: string;
  fieldPath: string;
}

/** An Event. Empty where it does not say; times in nanoseconds since the Unix epoch, 0 where it has none. */
export interface KubernetesEvent {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  createdUnixNano: bigint;
  involved: InvolvedObject;
  reason: string;
  message: string;
  action: string;
  type: string;
  component: string;
  host: string;
  count: number;
  /** When it happened last. */
  timeUnixNano: bigint;
}

/** Reads one Event after the other. */
export class EventDecoder {
  readonly #reader = new ObjectReader();

  /** The Event; undefined if the bytes are not those of one. */
  read(object: Uint8Array): KubernetesEvent | undefined {
    const reader = this.#reader;
    try {
      const event = readEvent(reader, reader.begin(object));
      return event.uid === '' ? undefined : event;
    } catch (error) {
      if (error instanceof MalformedError) return undefined;
      throw error;
    } finally {
      reader.finish();
    }
  }
}

function readEvent(reader: ObjectReader, end: number): KubernetesEvent {
  const event = emptyEvent();
  const times = { first: 0n, last: 0n, event: 0n, series: 0n };
  const reporting = { component: '', instance: '' };
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) readMetadata(reader, reader.enter(end), event);
    else if (field === 2) readInvolved(reader, reader.enter(end), event.involved);
    else if (field === 3) event.reason = reader.sharedText(end);
    else if (field === 4) event.message = reader.anyText(end);
    else if (field === 5) readSource(reader, reader.enter(end), event);
    else if (field === 6) times.first = readTime(reader, end);
    else if (field === 7) times.last = readTime(reader, end);
    else if (field === 8) event.count = Math.max(event.count, reader.integer(end));
    else if (field === 9) event.type = reader.sharedText(end);
    else if (field === 10) times.event = readTime(reader, end);
    else if (field === 11) times.series = readSeries(reader, reader.enter(end), event);
    else if (field === 12) event.action = reader.sharedText(end);
    else if (field === 14) reporting.component = reader.sharedText(end);
    else if (field === 15) reporting.instance = reader.sharedText(end);
    else reader.skip(end);
  }
  if (event.component === '') event.component = reporting.component;
  // What reports by the newer API leaves `source` empty; its instance is the host for a kubelet alone.
  if (event.host === '' && event.component === 'kubelet') event.host = reporting.instance;
  const { first, last, event: once, series } = times;
  event.timeUnixNano = [series, last, once, first, event.createdUnixNano].find((time) => time > 0n) ?? 0n;
  return event;
}

function readMetadata(reader: ObjectReader, end: number, into: KubernetesEvent): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) into.name = reader.name(end, false);
    else if (field === 3) into.namespace = reader.name(end, true);
    else if (field === 5) into.uid = reader.name(end, false);
    else if (field === 6) into.resourceVersion = reader.text(end);
    else if (field === 8) into.createdUnixNano = readTime(reader, end);
    else reader.skip(end);
  }
}

function readInvolved(reader: ObjectReader, end: number, into: InvolvedObject): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) into.kind = reader.sharedText(end);
    else if (field === 2) into.namespace = reader.sharedText(end);
    else if (field === 3) into.name = reader.text(end);
    else if (field === 4) into.uid = reader.text(end);
    else if (field === 5) into.apiVersion = reader.sharedText(end);
    else if (field === 6) into.resourceVersion = reader.text(end);
    else if (field === 7) into.fieldPath = reader.sharedText(end);
    else reader.skip(end);
  }
}

function readSource(reader: ObjectReader, end: number, into: KubernetesEvent): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) into.component = reader.sharedText(end);
    else if (field === 2) into.host = reader.sharedText(end);
    else reader.skip(end);
  }
}

function readSeries(reader: ObjectReader, end: number, into: KubernetesEvent): bigint {
  let time = 0n;
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) into.count = Math.max(into.count, reader.integer(end));
    else if (field === 2) time = readTime(reader, end);
    else reader.skip(end);
  }
  return time;
}

/** Nanoseconds since the Unix epoch; 0 for what lies before it or cannot be written in 64 bits. */
function readTime(reader: ObjectReader, end: number): bigint {
  const timeEnd = reader.enter(end);
  let seconds = 0;
  let nanos = 0;
  for (let field = reader.field(timeEnd); field !== 0; field = reader.field(timeEnd)) {
    if (field === 1) seconds = reader.integer(timeEnd);
    else if (field === 2) nanos = reader.integer(timeEnd);
    else reader.skip(timeEnd);
  }
  const isTime = seconds > 0 && seconds < MAX_SECONDS && nanos >= 0 && nanos < 1e9;
  return isTime ? BigInt(seconds) * 1_000_000_000n + BigInt(nanos) : 0n;
}

/** The year 2262: after it nanoseconds are more than a signed 64-bit integer. */
const MAX_SECONDS = 9_223_372_036;

function emptyEvent(): KubernetesEvent {
  return {
    ...{ name: '', namespace: '', uid: '', resourceVersion: '', createdUnixNano: 0n },
    involved: {
      kind: '',
      namespace: '',
      name: '',
      uid: '',
      apiVersion: '',
      resourceVersion: '',
      fieldPath: '',
    },
    ...{ reason: '', message: '', action: '', type: '', component: '', host: '', count: 0, timeUnixNano: 0n },
  };
}
