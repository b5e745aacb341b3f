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

const reader = new FieldReader();

/** The version of an object; empty where it has none. */
export function resourceVersionOf(object: Uint8Array): string {
  let version = '';
  readMetadata(object, (field, end) => {
    if (field === META.resourceVersion) version = reader.anyText(end);
    else reader.skip(end);
  });
  return version;
}

/** Whether a bookmark says that all that there was has been sent. */
export function endsInitialEvents(object: Uint8Array): boolean {
  let isEnd = false;
  readMetadata(object, (field, end) => {
    if (field === META.annotations) isEnd = isInitialEventsEnd(reader.enter(end)) || isEnd;
    else reader.skip(end);
  });
  return isEnd;
}

/** Reads a Status. */
export function readStatus(bytes: Uint8Array): ApiStatus {
  const status = { code: 0, reason: '', message: '', causes: [] as string[], retryAfterSeconds: 0 };
  const end = reader.begin(bytes);
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === STATUS.message) status.message = reader.anyText(end);
    else if (field === STATUS.reason) status.reason = reader.anyText(end);
    else if (field === STATUS.details) readDetails(reader.enter(end), status);
    else if (field === STATUS.code) status.code = reader.integer(end);
    else reader.skip(end);
  }
  return status;
}

function readMetadata(object: Uint8Array, take: (field: number, end: number) => void): void {
  const end = reader.begin(object);
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field !== METADATA) {
      reader.skip(end);
      continue;
    }
    const metaEnd = reader.enter(end);
    for (let inner = reader.field(metaEnd); inner !== 0; inner = reader.field(metaEnd)) take(inner, metaEnd);
  }
}

function readDetails(end: number, status: { causes: string[]; retryAfterSeconds: number }): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === DETAILS.retryAfterSeconds) status.retryAfterSeconds = reader.integer(end);
    else if (field === DETAILS.causes) status.causes.push(readReason(reader.enter(end)));
    else reader.skip(end);
  }
}

function readReason(end: number): string {
  let reason = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === CAUSE_REASON) reason = reader.anyText(end);
    else reader.skip(end);
  }
  return reason;
}

function isInitialEventsEnd(end: number): boolean {
  let key = '';
  let value = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === ENTRY.key) key = reader.anyText(end);
    else if (field === ENTRY.value) value = reader.anyText(end);
    else reader.skip(end);
  }
  return key === INITIAL_EVENTS_END && value === 'true';
}
