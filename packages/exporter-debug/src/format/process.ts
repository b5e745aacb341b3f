/**
 * The lines of `process.start`, `process.exit` and `process.oom_kill` events:
 *
 *     12:03:44.120  curl[4711]  started  /usr/bin/curl -sSf http://web/  by 4700
 *     12:03:44.180  curl[4711]  exited   0  after 60 ms
 *     12:03:45.001  java[4712]  killed   SIGKILL, for its memory  after 2 h
 */
import {
  ATTR_PROCESS_COMMAND_ARGS,
  ATTR_PROCESS_CREATION_TIME,
  ATTR_PROCESS_EXECUTABLE_PATH,
  ATTR_PROCESS_EXIT_CODE,
  ATTR_PROCESS_EXIT_REASON,
  ATTR_PROCESS_EXIT_SIGNAL,
  ATTR_PROCESS_PARENT_PID,
  type Attributes,
  EVENT_PROCESS_EXIT,
  EVENT_PROCESS_OOM_KILL,
  EVENT_PROCESS_START,
  type LogRecord,
} from '@tributary/core';
import { Columns } from './columns.ts';
import { number, processText, text } from './event-text.ts';
import { duration, timeOfDay } from './quantity.ts';
import { shortened } from './text.ts';

/** Time, process, what happened; what follows is not aligned. The first two are as wide as in the lines of flows. */
const COLUMN_WIDTHS = [
  { min: 12, max: 12 },
  { min: 16, max: 24 },
  { min: 7, max: 8 },
];

const COMMAND_LIMIT = 200;
const OOM_KILLED = 'oom_killed';

const WORDS: Readonly<Record<string, (record: LogRecord) => readonly string[]>> = {
  [EVENT_PROCESS_START]: ({ attributes }) => ['started', commandText(attributes), parentText(attributes)],
  [EVENT_PROCESS_EXIT]: (record) => [...endText(record.attributes), ageText(record)],
  [EVENT_PROCESS_OOM_KILL]: (record) => ['chosen', 'to be killed for its memory', ageText(record)],
};

/** Tells whether a record is an event of a process. */
export function isProcessEvent(record: LogRecord): boolean {
  return Object.hasOwn(WORDS, record.eventName);
}

/** Makes the lines of processes, aligned with those it made before. */
export class ProcessLines {
  readonly #columns = new Columns(COLUMN_WIDTHS);

  line(record: LogRecord): string {
    return this.#columns.line([
      timeOfDay(record.timeUnixNano || record.observedTimeUnixNano),
      processText(record.attributes),
      ...(WORDS[record.eventName]?.(record) ?? []),
    ]);
  }
}

/** The arguments, of which the first is the name; where there are none the program. */
function commandText(attributes: Attributes): string {
  const program = text(attributes, ATTR_PROCESS_EXECUTABLE_PATH);
  const args = attributes.get(ATTR_PROCESS_COMMAND_ARGS);
  if (!Array.isArray(args)) return program;
  return shortened([program, ...args.slice(1).map(String)].join(' '), COMMAND_LIMIT);
}

function parentText(attributes: Attributes): string {
  const parent = number(attributes, ATTR_PROCESS_PARENT_PID);
  return parent === undefined ? '' : `by ${parent}`;
}

function endText(attributes: Attributes): readonly string[] {
  const signal = text(attributes, ATTR_PROCESS_EXIT_SIGNAL);
  if (signal === '') return ['exited', String(number(attributes, ATTR_PROCESS_EXIT_CODE) ?? '-')];
  const reason = text(attributes, ATTR_PROCESS_EXIT_REASON);
  return ['killed', reason === OOM_KILLED ? `${signal}, for its memory` : signal];
}

function ageText(record: LogRecord): string {
  const created = Date.parse(text(record.attributes, ATTR_PROCESS_CREATION_TIME));
  const seconds = Number(record.timeUnixNano / 1_000_000n) / 1000 - created / 1000;
  return seconds >= 0 ? `after ${duration(seconds)}` : '';
}
