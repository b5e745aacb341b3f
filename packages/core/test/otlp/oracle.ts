/**
 * The independent side of the property tests: protobufjs with the published OTLP definitions (testdata/proto). Nothing of
 * src/otlp is used here.
 */
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { vi } from 'vitest';
import type { Signal } from '../../src/component/signal.ts';

const PROTO_DIR = join(import.meta.dirname, '../../testdata/proto');

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: 'trace',
  metrics: 'metrics',
  logs: 'logs',
};

/**
 * A decoded message as plain data. Every field has a key: scalars that are absent have their default, absent messages,
 * `optional` fields and members of a oneof are undefined, repeated fields are arrays. 64-bit integers are bigints. Fields
 * that are not known are under `$unknown`, as bytes, where there are any.
 */
export interface Plain {
  [field: string]: PlainValue;
}

export type PlainValue = string | number | bigint | boolean | Uint8Array | undefined | Plain | PlainValue[];

export const root = loadRoot();

/** How often each property is to be tried; 0 leaves it to the property. */
const ASKED_RUNS = Number(process.env['OTLP_PROPERTY_RUNS'] ?? 0);

if (ASKED_RUNS > 0) vi.setConfig({ testTimeout: 3_600_000 });

/** How often a property is tried: `normal`, or what the environment variable OTLP_PROPERTY_RUNS says. */
export function runs(normal: number): { numRuns: number } {
  return { numRuns: ASKED_RUNS > 0 ? ASKED_RUNS : normal };
}

/** The published type of a signal's export request. */
export function requestType(signal: Signal): protobuf.Type {
  const service = SERVICES[signal];
  const name = `Export${service[0]!.toUpperCase()}${service.slice(1)}ServiceRequest`;
  return root.lookupType(`opentelemetry.proto.collector.${service}.v1.${name}`);
}

/** Decodes a request; throws what protobufjs throws. */
export function decode(signal: Signal, bytes: Uint8Array): Plain {
  const type = requestType(signal);
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  return toPlain(type, type.decode(reader));
}

/** The same without the fields that are not known. */
export function decodeKnown(signal: Signal, bytes: Uint8Array): Plain {
  const type = requestType(signal);
  return toPlain(type, type.decode(bytes));
}

/** Encodes plain data in the order that protobufjs chooses. */
export function encode(signal: Signal, value: Plain): Uint8Array {
  const type = requestType(signal);
  return new Uint8Array(type.encode(type.fromObject(withLongs(value) as object)).finish());
}

/** The type of a field's messages; undefined for scalars and enums. */
export function messageType(field: protobuf.Field): protobuf.Type | undefined {
  field.resolve();
  return field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
}

export function isEnum(field: protobuf.Field): boolean {
  field.resolve();
  return field.resolvedType instanceof protobuf.Enum;
}

/** All fields absent. */
export function emptyPlain(type: protobuf.Type): Plain {
  return toPlain(type, type.create());
}

function toPlain(type: protobuf.Type, message: protobuf.Message): Plain {
  const plain: Plain = {};
  if (message.$unknowns !== undefined)
    plain['$unknown'] = message.$unknowns.map((field) => new Uint8Array(field));
  for (const field of type.fieldsArray) {
    const isOwn = Object.hasOwn(message, field.name);
    const value: unknown = Reflect.get(message, field.name);
    if (field.repeated) plain[field.name] = (value as unknown[]).map((element) => plainValue(field, element));
    else if (!isOwn && (field.hasPresence || messageType(field) !== undefined)) plain[field.name] = undefined;
    else plain[field.name] = plainValue(field, value);
  }
  return plain;
}

function plainValue(field: protobuf.Field, value: unknown): PlainValue {
  const type = messageType(field);
  if (type !== undefined) return toPlain(type, value as protobuf.Message);
  if (isLong(value)) return BigInt(value.toString());
  if (field.type === 'bytes') return new Uint8Array(value as Uint8Array);
  return value as PlainValue;
}

function isLong(value: unknown): value is { readonly low: number; toString(): string } {
  return typeof value === 'object' && value !== null && 'low' in value && 'unsigned' in value;
}

/** protobufjs takes 64-bit integers as strings. */
function withLongs(value: PlainValue): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(withLongs);
  if (value === undefined || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, withLongs(inner)]),
  );
}

function loadRoot(): protobuf.Root {
  const loaded = new protobuf.Root();
  loaded.resolvePath = (_origin, target) => join(PROTO_DIR, target);
  loaded.loadSync(
    Object.values(SERVICES).map((name) => `opentelemetry/proto/collector/${name}/v1/${name}_service.proto`),
  );
  loaded.resolveAll();
  return loaded;
}
