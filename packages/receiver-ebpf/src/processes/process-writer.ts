/** Writes what happened to processes as OTLP log events, straight into wire bytes. */
import {
  ATTR_PROCESS_ARGS_COUNT,
  ATTR_PROCESS_COMMAND_ARGS,
  ATTR_PROCESS_COMMAND_ARGS_TRUNCATED,
  ATTR_PROCESS_CREATION_TIME,
  ATTR_PROCESS_EXIT_CODE,
  ATTR_PROCESS_EXIT_CORE_DUMPED,
  ATTR_PROCESS_EXIT_REASON,
  ATTR_PROCESS_EXIT_SIGNAL,
  ATTR_PROCESS_EXIT_TIME,
  ATTR_PROCESS_FORKED,
  ATTR_PROCESS_PARENT_PID,
  ATTR_PROCESS_PID,
  ATTR_PROCESS_USER_ID,
  ATTR_PROCESS_VPID,
  EncodedAttribute,
  EncodedKey,
  EVENT_PROCESS_EXIT,
  EVENT_PROCESS_OOM_KILL,
  EVENT_PROCESS_START,
} from '@tributary/core';
import { EventBatch } from '../event-batch.ts';
import { EXIT_REASONS, type ExitReason, exitStatus } from './exit-status.ts';
import { PROCESS_FLAG, PROCESS_RECORD_TYPE, type ProcessRecord } from './process-record.ts';
import type { ProcessFacts } from './process-table.ts';

const PID = new EncodedKey(ATTR_PROCESS_PID);
const PARENT_PID = new EncodedKey(ATTR_PROCESS_PARENT_PID);
const VPID = new EncodedKey(ATTR_PROCESS_VPID);
const USER_ID = new EncodedKey(ATTR_PROCESS_USER_ID);
const CREATION_TIME = new EncodedKey(ATTR_PROCESS_CREATION_TIME);
const ARGS_COUNT = new EncodedKey(ATTR_PROCESS_ARGS_COUNT);
const COMMAND_ARGS = new EncodedKey(ATTR_PROCESS_COMMAND_ARGS);
const ARGS_TRUNCATED = new EncodedAttribute(ATTR_PROCESS_COMMAND_ARGS_TRUNCATED, true);
const FORKED = new EncodedAttribute(ATTR_PROCESS_FORKED, true);
const EXIT_CODE = new EncodedKey(ATTR_PROCESS_EXIT_CODE);
const EXIT_SIGNAL = new EncodedKey(ATTR_PROCESS_EXIT_SIGNAL);
const EXIT_TIME = new EncodedKey(ATTR_PROCESS_EXIT_TIME);
const CORE_DUMPED = new EncodedAttribute(ATTR_PROCESS_EXIT_CORE_DUMPED, true);
const REASONS = Object.fromEntries(
  EXIT_REASONS.map((reason) => [reason, new EncodedAttribute(ATTR_PROCESS_EXIT_REASON, reason)]),
) as Record<ExitReason, EncodedAttribute>;

/** Gathers the events of processes into a batch. */
export class ProcessWriter extends EventBatch {
  /** Adds the event of a record: the program that was started, the end, or that the process is to be killed. */
  write(record: ProcessRecord, facts: ProcessFacts): void {
    const writer = this.writer;
    this.begin(record.timeHigh, record.timeLow);
    if (record.type === PROCESS_RECORD_TYPE.PROCESS_EXECUTED) {
      writer.setEventName(EVENT_PROCESS_START);
      this.#writeProcess(facts);
      this.#writeArguments(record);
    } else if (record.type === PROCESS_RECORD_TYPE.PROCESS_EXITED) {
      writer.setEventName(EVENT_PROCESS_EXIT);
      this.#writeProcess(facts);
      this.#writeExit(record);
    } else {
      writer.setEventName(EVENT_PROCESS_OOM_KILL);
      this.#writeProcess(facts);
    }
    writer.endRecord();
  }

  #writeProcess(facts: ProcessFacts): void {
    const writer = this.writer;
    const { executable, cgroup } = facts;
    writer.attributeInt(PID, facts.pid);
    writer.attributeInt(PARENT_PID, facts.parentPid);
    if (facts.innerPid !== 0) writer.attributeInt(VPID, facts.innerPid);
    writer.attributeString(CREATION_TIME, isoTime(facts.createdUnixMs));
    writer.attributeInt(USER_ID, facts.userId);
    if (executable !== undefined) {
      writer.attributeEncoded(executable.nameAttribute);
      if (executable.pathAttribute !== undefined) writer.attributeEncoded(executable.pathAttribute);
    }
    if (cgroup !== undefined) writer.attributeFields(cgroup.logFields);
  }

  /** What is no UTF-8 becomes U+FFFD. */
  #writeArguments({ view, argumentsOffset, argumentsBytes, detail, flags }: ProcessRecord): void {
    if (argumentsBytes === 0) return;
    const writer = this.writer;
    const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + argumentsOffset, argumentsBytes);
    const args = bytes.toString('utf8').split('\0');
    // The last is ended by 0 as well, unless it was cut.
    if (args.at(-1) === '') args.pop();
    writer.attributeInt(ARGS_COUNT, detail);
    writer.attributeValue(COMMAND_ARGS, args);
    if ((flags & PROCESS_FLAG.PROCESS_ARGUMENTS_CUT) !== 0) writer.attributeEncoded(ARGS_TRUNCATED);
  }

  #writeExit({ timeNs, detail, flags }: ProcessRecord): void {
    const writer = this.writer;
    const { reason, code, signal, hasDumpedCore } = exitStatus(detail, flags);
    writer.attributeEncoded(REASONS[reason]);
    if (code !== undefined) writer.attributeInt(EXIT_CODE, code);
    if (signal !== undefined) writer.attributeString(EXIT_SIGNAL, signal);
    if (hasDumpedCore) writer.attributeEncoded(CORE_DUMPED);
    writer.attributeString(EXIT_TIME, isoTime((timeNs + Number(this.offsetNs)) / 1e6));
    if ((flags & PROCESS_FLAG.PROCESS_NEVER_EXECUTED) !== 0) writer.attributeEncoded(FORKED);
  }
}

/** A time in Unix milliseconds as ISO 8601; a clock that is out of all bounds gives the epoch. */
function isoTime(unixMs: number): string {
  const date = new Date(unixMs);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
