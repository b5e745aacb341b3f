/**
 * What a watch itself reads of an object. Of every kind, the first field is its metadata:
 *
 *     object     := 1: ObjectMeta, …
 *     ObjectMeta := 6: string resourceVersion, 12: map of annotations
 *     Status     := 3: string message, 4: string reason, 5: StatusDetails, 6: int32 code
 *     StatusDetails := 4: StatusCause, 5: int32 retryAfterSeconds
 *     StatusCause   := 1: string reason
 */
import { FieldReader } from '../wire/field-reader.ts';

const METADATA = 1;
const META = { resourceVersion: 6, annotations: 12 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const STATUS = { message: 3, reason: 4, details: 5, code: 6 } as const;
const DETAILS = { causes: 4, retryAfterSeconds: 5 } as const;
const CAUSE_REASON = 1;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** What the API server answers instead of what it was asked for: `meta.v1.Status`. */
export interface ApiStatus {
  /** The HTTP status; 0 where it says none. */
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly string[];
  readonly retryAfterSeconds: number;
}

const object = new FieldReader();
const meta = new FieldReader();
const entry = new FieldReader();

/** The version of an object; empty where it has none. */
export function resourceVersionOf(bytes: Uint8Array): string {
  let version = '';
  object.of(bytes);
  while (object.next()) {
    if (!object.is(METADATA)) continue;
    meta.of(bytes, object.start, object.end);
    while (meta.next()) if (meta.is(META.resourceVersion)) version = meta.text();
  }
  return version;
}

/** Whether a bookmark says that all that there was has been sent. */
export function endsInitialEvents(bytes: Uint8Array): boolean {
  object.of(bytes);
  while (object.next()) {
    if (!object.is(METADATA)) continue;
    meta.of(bytes, object.start, object.end);
    while (meta.next()) {
      if (meta.is(META.annotations) && isInitialEventsEnd(bytes, meta.start, meta.end)) return true;
    }
  }
  return false;
}

/** Reads a Status. */
export function readStatus(bytes: Uint8Array): ApiStatus {
  const status = { code: 0, reason: '', message: '', causes: [] as string[], retryAfterSeconds: 0 };
  object.of(bytes);
  while (object.next()) {
    if (object.is(STATUS.message)) status.message = object.text();
    else if (object.is(STATUS.reason)) status.reason = object.text();
    else if (object.is(STATUS.details)) readDetails(bytes, status);
    else if (object.field === STATUS.code) status.code = object.number();
  }
  return status;
}

function readDetails(bytes: Uint8Array, status: { causes: string[]; retryAfterSeconds: number }): void {
  meta.of(bytes, object.start, object.end);
  while (meta.next()) {
    if (meta.field === DETAILS.retryAfterSeconds) status.retryAfterSeconds = meta.number();
    if (!meta.is(DETAILS.causes)) continue;
    entry.of(bytes, meta.start, meta.end);
    while (entry.next()) if (entry.is(CAUSE_REASON)) status.causes.push(entry.text());
  }
}

function isInitialEventsEnd(bytes: Uint8Array, start: number, end: number): boolean {
  let key = '';
  let value = '';
  entry.of(bytes, start, end);
  while (entry.next()) {
    if (entry.is(ENTRY.key)) key = entry.text();
    else if (entry.is(ENTRY.value)) value = entry.text();
  }
  return key === INITIAL_EVENTS_END && value === 'true';
}
