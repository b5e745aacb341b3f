/** Writes what happens to containers as log events. */
import os from 'node:os';
import {
  type AnyValue,
  ATTR_CONTAINER_EXIT_CODE,
  ATTR_CONTAINER_ID,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_IMAGE_TAGS,
  ATTR_CONTAINER_LABEL_PREFIX,
  ATTR_CONTAINER_NAME,
  ATTR_HOST_NAME,
  type Batch,
  EVENT_CONTAINER_PREFIX,
  LogsWriter,
  parseImageReference,
} from '@tributary/core';
import type { EngineEvent } from './engine-answers.ts';

const SCOPE_NAME = '@tributary/receiver-docker';
const INFO = 9;
const WARN = 13;

/** What is told; the engine has many more that tell of somebody who looked (`exec_create`, `top`, `attach` …). */
const TOLD: ReadonlySet<string> = new Set([
  'create',
  'start',
  'restart',
  'pause',
  'unpause',
  'rename',
  'update',
  'health_status',
  'oom',
  'kill',
  'stop',
  'die',
  'died',
  'destroy',
  'remove',
]);

/** One name for what Docker and Podman call differently. */
const ACTIONS: Readonly<Record<string, string>> = { died: 'die', remove: 'destroy' };

/** Makes a batch of an event; nothing of one that is not told. */
export class EventLog {
  readonly #writer = new LogsWriter();
  readonly #version: string;
  readonly #hostName: string;

  constructor({
    version,
    hostName = os.hostname(),
  }: { readonly version: string; readonly hostName?: string }) {
    this.#version = version;
    this.#hostName = hostName;
  }

  /** The batch of one event. */
  write(event: EngineEvent, nowMs: number): Batch | undefined {
    if (!TOLD.has(event.action)) return undefined;
    const action = ACTIONS[event.action] ?? event.action;
    const image = parseImageReference(event.image);
    const { exitCode, labels } = event;
    const isFailure = action === 'oom' || (action === 'die' && exitCode !== undefined && exitCode !== 0);
    const attributes: Record<string, AnyValue> = { [ATTR_CONTAINER_ID]: event.id };
    if (event.name !== '') attributes[ATTR_CONTAINER_NAME] = event.name;
    if (image !== undefined) attributes[ATTR_CONTAINER_IMAGE_NAME] = image.name;
    if (image !== undefined && image.tag !== '') attributes[ATTR_CONTAINER_IMAGE_TAGS] = [image.tag];
    if (action === 'die' && exitCode !== undefined) attributes[ATTR_CONTAINER_EXIT_CODE] = exitCode;
    for (let index = 0; index < labels.pairs.length; index += 2) {
      attributes[ATTR_CONTAINER_LABEL_PREFIX + labels.pairs[index]] = labels.pairs[index + 1] ?? '';
    }
    this.#writer.resource({ [ATTR_HOST_NAME]: this.#hostName });
    this.#writer.scope(SCOPE_NAME, this.#version);
    this.#writer.record({
      timeUnixNano: nanoseconds(event.timeMs),
      observedTimeUnixNano: nanoseconds(nowMs),
      severityNumber: isFailure ? WARN : INFO,
      severityText: isFailure ? 'WARN' : 'INFO',
      eventName: EVENT_CONTAINER_PREFIX + action,
      attributes,
    });
    return this.#writer.finish();
  }
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
