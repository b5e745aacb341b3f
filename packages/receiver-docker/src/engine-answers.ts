/**
 * What the engine says, taken apart. Nothing of it is trusted: a field of another type is as good as absent, an object without
 * what is needed is none, and labels are bounded.
 * Source: https://docs.docker.com/reference/api/engine/version/v1.44/ (ContainerInspect, SystemEvents).
 */
import { addressKey } from '@tributary/core';

/** A container as the engine shows it. */
export interface InspectedContainer {
  readonly id: string;
  /** Empty where the engine has none that can be used. */
  readonly name: string;
  /** As it was asked for: `shop/cart:1.4`. */
  readonly image: string;
  /** The image's own id: `sha256:…`. */
  readonly imageId: string;
  readonly labels: Labels;
  readonly isRunning: boolean;
  /** Times in milliseconds since the Unix epoch; undefined where it has not come to that. */
  readonly createdMs: number | undefined;
  readonly startedMs: number | undefined;
  readonly finishedMs: number | undefined;
  readonly restartCount: number;
  /** Its addresses in all networks; none with the network of the host or of another container. */
  readonly addresses: readonly string[];
}

/** An event of a container. */
export interface EngineEvent {
  readonly type: 'container' | 'network';
  /** `start`, `die`, `connect` …; `health_status: healthy` without what follows the colon. */
  readonly action: string;
  /** Of the container, of a network event as well. */
  readonly id: string;
  readonly timeMs: number;
  readonly name: string;
  readonly image: string;
  readonly labels: Labels;
  /** Of `die`. */
  readonly exitCode: number | undefined;
}

/** Labels that were taken, and how many were not. */
export interface Labels {
  /** Key, value, key, value … */
  readonly pairs: readonly string[];
  readonly refused: number;
}

const ID = /^[0-9a-f]{12,64}$/;
/** What Docker and Podman take as a name. */
const NAME = /^[\w.-]{1,253}$/;
const MAX_LABELS = 256;
const MAX_KEY_LENGTH = 256;
const MAX_VALUE_LENGTH = 4096;
const MAX_IMAGE_LENGTH = 1024;
const MAX_NETWORKS = 64;
/** The year 2262: after it nanoseconds are more than a signed 64-bit integer. */
const MAX_TIME_MS = 9_223_372_036_000;
/** What the attributes of an event say beside the labels. */
const NO_LABELS: ReadonlySet<string> = new Set([
  'containerExitCode',
  'containerHealthStatus',
  'execDuration',
  'exitCode',
  'image',
  'name',
  'podId',
  'signal',
]);

/** The ids of a list of containers. */
export function readList(answer: unknown): readonly string[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  return answer.map((each) => object(each)['Id']).filter(isId);
}

/** A container; undefined if this is none. */
export function readContainer(answer: unknown): InspectedContainer | undefined {
  const container = object(answer);
  const { Id: id } = container;
  if (!isId(id)) return undefined;
  const state = object(container['State']);
  const config = object(container['Config']);
  const { RestartCount: restarts } = container;
  return {
    id,
    name: nameOf(container['Name']),
    image: imageOf(config['Image']),
    imageId: imageOf(container['Image']),
    labels: readLabels(object(config['Labels'])),
    isRunning: state['Running'] === true,
    createdMs: timeOf(container['Created']),
    startedMs: timeOf(state['StartedAt']),
    finishedMs: timeOf(state['FinishedAt']),
    restartCount: typeof restarts === 'number' && Number.isSafeInteger(restarts) ? restarts : 0,
    addresses: addressesOf(object(container['NetworkSettings'])),
  };
}

/** An event of a container, or of a network that a container was connected to; undefined for all others. */
export function readEvent(line: unknown): EngineEvent | undefined {
  const event = object(line);
  const { Type: type, Action: action, timeNano, time } = event;
  if ((type !== 'container' && type !== 'network') || typeof action !== 'string') return undefined;
  const actor = object(event['Actor']);
  const attributes = object(actor['Attributes']);
  const id = type === 'container' ? actor['ID'] : attributes['container'];
  if (!isId(id)) return undefined;
  const timeMs =
    typeof timeNano === 'number' ? timeNano / 1e6 : typeof time === 'number' ? time * 1000 : Number.NaN;
  if (!(timeMs > 0 && timeMs < MAX_TIME_MS)) return undefined;
  const exitCode = Number(attributes['exitCode'] ?? attributes['containerExitCode'] ?? Number.NaN);
  return {
    type,
    action: (action.split(':', 1)[0] ?? action).slice(0, 64),
    id,
    timeMs,
    name: nameOf(attributes['name']),
    image: imageOf(attributes['image']),
    labels: readLabels(Object.fromEntries(Object.entries(attributes).filter(([key]) => !NO_LABELS.has(key)))),
    exitCode: Number.isSafeInteger(exitCode) ? exitCode : undefined,
  };
}

function readLabels(labels: Readonly<Record<string, unknown>>): Labels {
  const pairs: string[] = [];
  let refused = 0;
  for (const [key, value] of Object.entries(labels)) {
    const isTaken =
      typeof value === 'string' &&
      key.length <= MAX_KEY_LENGTH &&
      value.length <= MAX_VALUE_LENGTH &&
      pairs.length < 2 * MAX_LABELS;
    if (isTaken) pairs.push(key, value);
    else refused += 1;
  }
  return { pairs, refused };
}

function addressesOf(settings: Readonly<Record<string, unknown>>): readonly string[] {
  const found = new Set<string>();
  for (const network of Object.values(object(settings['Networks'])).slice(0, MAX_NETWORKS)) {
    const { IPAddress, GlobalIPv6Address } = object(network);
    for (const address of [IPAddress, GlobalIPv6Address]) {
      if (typeof address === 'string' && addressKey(address) !== undefined) found.add(address);
    }
  }
  return [...found];
}

/** Engines write the year 1 for what has not been. */
function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return ms > 0 ? ms : undefined;
}

function nameOf(value: unknown): string {
  const name = typeof value === 'string' ? value.replace(/^\//, '') : '';
  return NAME.test(name) ? name : '';
}

function imageOf(value: unknown): string {
  return typeof value === 'string' && value.length <= MAX_IMAGE_LENGTH && /^[\x21-\x7e]*$/.test(value)
    ? value
    : '';
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
