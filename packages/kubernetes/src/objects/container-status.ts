/**
 * `core.v1.ContainerStatus`, of which this much is read:
 *
 *     1 name · 7 imageID · 8 containerID: strings · 4 ready: bool · 5 restartCount: int32
 *     2 state · 3 lastState: ContainerState
 *         1 waiting: { 1 reason } · 2 running: { 1 startedAt: Time }
 *         3 terminated: { 3 reason · 5 startedAt · 6 finishedAt: Time · 7 containerID }
 */
import type {
  ContainerCondition,
  ContainerParts,
  ContainerRole,
  ContainerStateName,
} from './container-parts.ts';
import type { ObjectReader } from './object-reader.ts';

const SLASH = 0x2f;
const COLON = 0x3a;

/** What the kubelet reports of one container. Seconds are those since the Unix epoch, cut off; 0: not known. */
export interface ContainerReport {
  readonly name: string;
  readonly role: ContainerRole;
  readonly imageId: string;
  /** The runtime's id, without its scheme. */
  readonly id: string;
  /** That of the run before; empty if there was none. */
  readonly lastId: string;
  readonly restartCount: number;
  readonly condition: ContainerCondition;
  /** When this run began; of a waiting container 0. */
  readonly startedSeconds: number;
  readonly finishedSeconds: number;
  /** When the run before began. */
  readonly lastStartedSeconds: number;
}

class StateReading {
  state: ContainerStateName = 'unknown';
  reason = '';
  id = '';
  startedSeconds = 0;
  finishedSeconds = 0;
}

/** Reads the status of a container, up to `end`. */
export function readContainerStatus(
  reader: ObjectReader,
  end: number,
  role: ContainerRole,
  parts: ContainerParts,
): ContainerReport {
  let name = '';
  let imageId = '';
  let id = '';
  let restartCount = 0;
  let isReady = false;
  const now = new StateReading();
  const last = new StateReading();
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) name = reader.name(end, true);
    else if (field === 2) readState(reader, reader.enter(end), now);
    else if (field === 3) readState(reader, reader.enter(end), last);
    else if (field === 4) isReady = reader.boolean(end);
    else if (field === 5) restartCount = Math.min(Math.max(reader.integer(end), 0), 0x7fff_ffff);
    else if (field === 7) imageId = reader.sharedText(end);
    else if (field === 8) id = readId(reader, end);
    else reader.skip(end);
  }
  return {
    name,
    role,
    imageId,
    id: id === '' ? now.id : id,
    lastId: last.id,
    restartCount,
    condition: parts.condition(now.state, isReady, now.reason, last.reason),
    startedSeconds: now.startedSeconds,
    finishedSeconds: now.finishedSeconds,
    lastStartedSeconds: last.startedSeconds,
  };
}

function readState(reader: ObjectReader, end: number, into: StateReading): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) readWaiting(reader, reader.enter(end), into);
    else if (field === 2) readRunning(reader, reader.enter(end), into);
    else if (field === 3) readTerminated(reader, reader.enter(end), into);
    else reader.skip(end);
  }
}

function readWaiting(reader: ObjectReader, end: number, into: StateReading): void {
  into.state = 'waiting';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) into.reason = reader.sharedText(end);
    else reader.skip(end);
  }
}

function readRunning(reader: ObjectReader, end: number, into: StateReading): void {
  into.state = 'running';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) into.startedSeconds = reader.seconds(end);
    else reader.skip(end);
  }
}

function readTerminated(reader: ObjectReader, end: number, into: StateReading): void {
  into.state = 'terminated';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 3) into.reason = reader.sharedText(end);
    else if (field === 5) into.startedSeconds = reader.seconds(end);
    else if (field === 6) into.finishedSeconds = reader.seconds(end);
    else if (field === 7) into.id = readId(reader, end);
    else reader.skip(end);
  }
}

/** `containerd://<id>`, `cri-o://<id>`, `docker://<id>`: the id. Cut from the bytes, so that the string is no larger than it. */
function readId(reader: ObjectReader, end: number): string {
  const valueEnd = reader.enter(end);
  const { bytes, position } = reader;
  for (let at = position; at + 2 < valueEnd; at++) {
    if (bytes[at] === COLON && bytes[at + 1] === SLASH && bytes[at + 2] === SLASH) {
      return reader.rest(at + 3, valueEnd);
    }
  }
  return reader.rest(position, valueEnd);
}
