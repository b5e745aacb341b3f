/** What the edge check does with each field of each message, as tables that its loop reads (check.ts). */
import { type FieldSpec, MESSAGE_NAMES, MESSAGES, type MessageName } from './schema.ts';
import { WIRE } from './wire.ts';

/** What to do with the value of a field. Numbers from `MESSAGE` on are a message of the type `action - MESSAGE`. */
export const ACTION = {
  badField: 0,
  badWireType: 1,
  group: 2,
  varint: 3,
  fixed64: 4,
  fixed32: 5,
  skipBytes: 6,
  string: 7,
  traceId: 8,
  spanId: 9,
  packedFixed64: 10,
  packedVarint: 11,
} as const;
export const MESSAGE = 16;

/** How many tags take one byte: the table has so many entries for each message. */
export const TAGS = 128;

export const MAX_FIELD_NUMBER = 2 ** 29 - 1;

const MESSAGE_TYPES = new Map<MessageName, number>(MESSAGE_NAMES.map((name, index) => [name, index]));

/** What a message means to the count of items: one item, or the data of a metric, of which only the last member counts. */
export const ROLE = { none: 0, item: 1, data: 2 } as const;

/** By message type. */
export const ROLES = Uint8Array.from(MESSAGE_NAMES, roleOf);

export const WIRE_TYPES: Readonly<Record<FieldSpec['type'], number>> = {
  string: WIRE.delimited,
  bytes: WIRE.delimited,
  traceId: WIRE.delimited,
  spanId: WIRE.delimited,
  message: WIRE.delimited,
  bool: WIRE.varint,
  enum: WIRE.varint,
  int32: WIRE.varint,
  uint32: WIRE.varint,
  sint32: WIRE.varint,
  int64: WIRE.varint,
  uint64: WIRE.varint,
  fixed32: WIRE.fixed32,
  fixed64: WIRE.fixed64,
  sfixed64: WIRE.fixed64,
  double: WIRE.fixed64,
};

/** By wire type. */
const UNKNOWN_ACTIONS = [
  ACTION.varint,
  ACTION.fixed64,
  ACTION.skipBytes,
  ACTION.group,
  ACTION.group,
  ACTION.fixed32,
];

const DELIMITED_ACTIONS: Readonly<Partial<Record<FieldSpec['type'], number>>> = {
  string: ACTION.string,
  traceId: ACTION.traceId,
  spanId: ACTION.spanId,
};

/** By message type times `TAGS` plus the tag. */
export const ACTIONS = buildActions();

/** The number of a message in the tables. */
export function messageType(name: MessageName): number {
  return MESSAGE_TYPES.get(name)!;
}

/** What to do with the value of a field whose tag was written with more than one byte. */
export function actionOf(type: number, tag: number): number {
  const number = Math.floor(tag / 8);
  if (number === 0 || number > MAX_FIELD_NUMBER) return ACTION.badField;
  const field = Object.values(MESSAGES[MESSAGE_NAMES[type]!]).find(
    (candidate) => candidate.number === number,
  );
  return fieldAction(field, tag % 8);
}

function buildActions(): Uint8Array {
  const actions = new Uint8Array(MESSAGE_NAMES.length * TAGS);
  for (const type of MESSAGE_NAMES.keys()) {
    for (let tag = 0; tag < TAGS; tag++) actions[type * TAGS + tag] = actionOf(type, tag);
  }
  return actions;
}

function fieldAction(field: FieldSpec | undefined, wireType: number): number {
  if (wireType > WIRE.fixed32) return ACTION.badWireType;
  if (wireType === WIRE.startGroup || wireType === WIRE.endGroup) return ACTION.group;
  if (field === undefined) return UNKNOWN_ACTIONS[wireType]!;
  const wanted = WIRE_TYPES[field.type];
  if (wireType === wanted) {
    if (field.type === 'message') return MESSAGE + messageType(field.message!);
    return DELIMITED_ACTIONS[field.type] ?? UNKNOWN_ACTIONS[wireType]!;
  }
  if (!field.repeated || wireType !== WIRE.delimited) return ACTION.badWireType;
  if (wanted === WIRE.fixed64) return ACTION.packedFixed64;
  return wanted === WIRE.varint ? ACTION.packedVarint : ACTION.badWireType;
}

function roleOf(name: MessageName): number {
  if (name === 'Span' || name === 'LogRecord' || name.endsWith('DataPoint')) return ROLE.item;
  return Object.values(MESSAGES.Metric).some((field) => field.oneof === 'data' && field.message === name)
    ? ROLE.data
    : ROLE.none;
}
