import type protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { SIGNALS } from '../../src/index.ts';
import { type MessageTable, REQUEST_TABLES } from '../../src/otlp/json/message-table.ts';
import { MESSAGES, REQUESTS } from '../../src/otlp/schema.ts';
import { isEnum, messageType, requestType } from './oracle.ts';

/** Every message that a request can hold, by name. */
function publishedMessages(): Map<string, protobuf.Type> {
  const types = new Map<string, protobuf.Type>();
  const visit = (type: protobuf.Type) => {
    if (types.has(type.name)) return;
    types.set(type.name, type);
    for (const field of type.fieldsArray) {
      const inner = messageType(field);
      if (inner !== undefined) visit(inner);
    }
  };
  for (const signal of SIGNALS) visit(requestType(signal));
  return types;
}

function specOf(field: protobuf.Field): Record<string, unknown> {
  const inner = messageType(field);
  const isSpanId = field.name === 'spanId' || field.name === 'parentSpanId';
  const scalar = isEnum(field)
    ? 'enum'
    : field.name === 'traceId'
      ? 'traceId'
      : isSpanId
        ? 'spanId'
        : field.type;
  const spec: Record<string, unknown> = { number: field.id, type: inner === undefined ? scalar : 'message' };
  if (inner !== undefined) spec['message'] = inner.name;
  if (field.repeated) spec['repeated'] = true;
  const isOptional = field.options?.['proto3_optional'] === true;
  if (isOptional) spec['optional'] = true;
  if (field.partOf && !isOptional) spec['oneof'] = field.partOf.name;
  return spec;
}

test('the field table is what the published definitions say', () => {
  const published = Object.fromEntries(
    [...publishedMessages()].map(([name, type]) => [
      name,
      Object.fromEntries(type.fieldsArray.map((field) => [field.name, specOf(field)])),
    ]),
  );
  expect(MESSAGES).toEqual(published);
  expect(Object.values(REQUESTS)).toEqual(SIGNALS.map((signal) => requestType(signal).name));
});

test('every key of JSON is found in its message, and no other', () => {
  const tables = new Set<MessageTable>();
  const visit = (table: MessageTable) => {
    if (tables.has(table)) return;
    tables.add(table);
    for (const field of table.fields) if (field.message !== undefined) visit(field.message);
  };
  for (const signal of SIGNALS) visit(REQUEST_TABLES[signal]);
  const names = [...tables].flatMap((table) => table.fields.map((field) => field.name));
  for (const table of tables) {
    const own = table.fields.filter((field) => field.isInJson);
    for (const name of [...names, 'trace_id', '']) {
      const bytes = Buffer.from(`"${name}"`);
      const wanted = own.find((field) => field.name === name);
      expect(table.fieldByKey(bytes, 1, bytes.length - 1)).toBe(wanted);
      expect(table.fieldByName(name)).toBe(wanted);
    }
  }
  expect([...tables].map((table) => table.name).sort()).toEqual([...publishedMessages().keys()].sort());
});
