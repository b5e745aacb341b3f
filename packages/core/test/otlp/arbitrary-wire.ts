/**
 * Writes messages as protobuf allows but few senders do: fields in any order, singular fields given twice (the last counts),
 * singular messages in several pieces (they merge), members of a oneof that a later one replaces, unknown fields, varints
 * longer than they need to be, packed fields unpacked or in several pieces.
 */
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { isEnum, messageType, type Plain, type PlainValue } from './oracle.ts';

/** Which liberties are taken. */
export interface Mess {
  /** Where the choices come from; the same seed gives the same bytes. */
  readonly seed: number;
  readonly shuffle: boolean;
  readonly split: boolean;
  readonly repeat: boolean;
  readonly unknown: boolean;
  readonly longVarints: boolean;
}

/** No liberties. */
export const TIDY: Mess = {
  seed: 0,
  shuffle: false,
  split: false,
  repeat: false,
  unknown: false,
  longVarints: false,
};

/** Any liberties; shrinks to none. */
export const messArbitrary: fc.Arbitrary<Mess> = fc.record({
  seed: fc.nat(),
  shuffle: fc.boolean(),
  split: fc.boolean(),
  repeat: fc.boolean(),
  unknown: fc.boolean(),
  longVarints: fc.boolean(),
});

const PACKABLE = new Set(['double', 'fixed64', 'uint64']);

/** Field numbers that no OTLP message uses; the last needs three bytes for its tag. */
const UNKNOWN_FIELDS = [99, 500, 5000];

/** Encodes plain data of the type; see the head of this file. */
export function encodeMessy(type: protobuf.Type, value: Plain, mess: Mess): Uint8Array {
  return new WireMess(mess).message(type, value);
}

class WireMess {
  readonly #mess: Mess;
  #state: number;

  constructor(mess: Mess) {
    this.#mess = mess;
    this.#state = mess.seed | 0;
  }

  message(type: protobuf.Type, value: Plain): Uint8Array {
    return concat(this.#fields(type, value));
  }

  /** The fields of a message, each with its tag, in an order that means the message. */
  #fields(type: protobuf.Type, value: Plain): Uint8Array[] {
    const sequences: Uint8Array[][] = [];
    for (const field of type.fieldsArray) {
      const given = value[field.name];
      if (given === undefined) continue;
      const occurrences = this.#occurrences(field, given);
      if (occurrences.length > 0) sequences.push(occurrences);
    }
    if (this.#mess.unknown && this.#chance(0.3)) sequences.push([this.#unknown()]);
    return this.#mess.shuffle ? this.#interleave(sequences) : sequences.flat();
  }

  /** What is written for one field: in this order, but with other fields between. */
  #occurrences(field: protobuf.Field, value: PlainValue): Uint8Array[] {
    if (field.repeated) return this.#repeated(field, value as PlainValue[]);
    const before = this.#mess.repeat && this.#chance(0.2) ? this.#overwritten(field) : [];
    const inner = messageType(field);
    if (inner === undefined) return [...before, this.#scalarField(field, value)];
    const fields = this.#fields(inner, value as Plain);
    if (!this.#mess.split || !this.#chance(0.3))
      return [...before, this.#delimited(field.id, concat(fields))];
    const middle = this.#below(fields.length + 1);
    const pieces = [fields.slice(0, middle), fields.slice(middle)];
    return [...before, ...pieces.map((piece) => this.#delimited(field.id, concat(piece)))];
  }

  /** Earlier occurrences that do not count: of the field itself, or of another member of its oneof after it. */
  #overwritten(field: protobuf.Field): Uint8Array[] {
    const members = field.partOf?.fieldsArray.filter((member) => member !== field) ?? [];
    if (members.length === 0) return messageType(field) === undefined ? [this.#filler(field)] : [];
    const other = this.#filler(members[this.#below(members.length)]!);
    return this.#chance(0.5) ? [this.#filler(field), other] : [other];
  }

  /** Some content of a field. The messages in OTLP's oneofs all hold a list in field 1. */
  #filler(field: protobuf.Field): Uint8Array {
    if (messageType(field) !== undefined)
      return this.#delimited(field.id, this.#delimited(1, new Uint8Array(0)));
    if (/^(trace|span|parentSpan)Id$/.test(field.name)) return this.#scalarField(field, new Uint8Array(0));
    return this.#scalarField(field, FILLERS[isEnum(field) ? 'int32' : field.type]!);
  }

  #repeated(field: protobuf.Field, values: readonly PlainValue[]): Uint8Array[] {
    const inner = messageType(field);
    if (inner !== undefined)
      return values.map((value) => this.#delimited(field.id, this.message(inner, value as Plain)));
    if (!PACKABLE.has(field.type) || (this.#mess.repeat && this.#chance(0.4))) {
      return values.map((value) => this.#scalarField(field, value));
    }
    const middle = this.#mess.split ? this.#below(values.length + 1) : values.length;
    return [values.slice(0, middle), values.slice(middle)]
      .filter((piece) => piece.length > 0)
      .map((piece) => this.#delimited(field.id, concat(piece.map((value) => this.#scalar(field, value)))));
  }

  #scalarField(field: protobuf.Field, value: PlainValue): Uint8Array {
    return concat([this.#tag(field.id, wireType(field)), this.#scalar(field, value)]);
  }

  #scalar(field: protobuf.Field, value: PlainValue): Uint8Array {
    const writer = protobuf.Writer.create();
    switch (isEnum(field) ? 'int32' : field.type) {
      case 'string':
        return this.#lengthAnd(Buffer.from(value as string));
      case 'bytes':
        return this.#lengthAnd(value as Uint8Array);
      case 'double':
        return writer.double(value as number).finish();
      case 'fixed32':
        return writer.fixed32(value as number).finish();
      case 'fixed64':
      case 'sfixed64':
        return writer.fixed64(BigInt.asUintN(64, value as bigint).toString()).finish();
      case 'sint32':
        return this.#varint(
          protobuf.Writer.create()
            .sint32(value as number)
            .finish(),
        );
      case 'bool':
        return this.#varint(writer.bool(value as boolean).finish());
      case 'uint32':
        return this.#varint(writer.uint32(value as number).finish());
      case 'int32':
        return this.#varint(writer.int32(value as number).finish());
      default:
        return this.#varint(writer.uint64(BigInt.asUintN(64, value as bigint).toString()).finish());
    }
  }

  #unknown(): Uint8Array {
    const id = UNKNOWN_FIELDS[this.#below(UNKNOWN_FIELDS.length)]!;
    const content = Uint8Array.from({ length: this.#below(12) }, () => this.#below(256));
    switch (this.#below(4)) {
      case 0:
        return concat([this.#tag(id, 0), this.#varint(Uint8Array.of(0x96, 0x01))]);
      case 1:
        return concat([this.#tag(id, 1), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)]);
      case 2:
        return concat([this.#tag(id, 5), Uint8Array.of(0xff, 0xff, 0xff, 0xff)]);
      default:
        return this.#delimited(id, content);
    }
  }

  #delimited(id: number, body: Uint8Array): Uint8Array {
    return concat([this.#tag(id, 2), this.#lengthAnd(body)]);
  }

  #lengthAnd(body: Uint8Array): Uint8Array {
    return concat([this.#varint(protobuf.Writer.create().uint32(body.length).finish(), 5), body]);
  }

  #tag(id: number, type: number): Uint8Array {
    return this.#varint(
      protobuf.Writer.create()
        .uint32((id << 3) | type)
        .finish(),
      5,
    );
  }

  /** A varint as it is, or with more bytes than it needs, up to `maxBytes`. */
  #varint(minimal: Uint8Array, maxBytes = 10): Uint8Array {
    if (!this.#mess.longVarints || minimal.length >= maxBytes || !this.#chance(0.15)) return minimal;
    const length = minimal.length + 1 + this.#below(maxBytes - minimal.length);
    const long = new Uint8Array(length).fill(0x80);
    long.set(minimal);
    long[minimal.length - 1]! |= 0x80;
    long[length - 1] = 0;
    return long;
  }

  #interleave(sequences: readonly Uint8Array[][]): Uint8Array[] {
    const open = sequences.map((sequence) => ({ sequence, next: 0 }));
    const merged: Uint8Array[] = [];
    while (open.length > 0) {
      const index = this.#below(open.length);
      const one = open[index]!;
      merged.push(one.sequence[one.next++]!);
      if (one.next === one.sequence.length) open.splice(index, 1);
    }
    return merged;
  }

  #chance(probability: number): boolean {
    return this.#below(1000) < probability * 1000;
  }

  /** A number from 0 up to but not including `limit`: mulberry32. */
  #below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }
}

const FILLERS: Readonly<Record<string, PlainValue>> = {
  string: 'overwritten',
  bytes: Uint8Array.of(1, 2, 3),
  bool: true,
  double: 0.5,
  int32: 7,
  uint32: 7,
  sint32: -7,
  fixed32: 7,
  int64: 7n,
  uint64: 7n,
  fixed64: 7n,
  sfixed64: -7n,
};

function wireType(field: protobuf.Field): number {
  const basic: Readonly<Record<string, number>> = protobuf.types.basic;
  return isEnum(field) ? 0 : basic[field.type]!;
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}
