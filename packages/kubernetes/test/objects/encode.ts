import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const { root } = protobuf.parse(readFileSync(join(import.meta.dirname, 'messages.proto'), 'utf8'), {
  keepCase: true,
});

/** The kinds that tests encode. */
export type MessageKind =
  | 'Pod'
  | 'Service'
  | 'EndpointSlice'
  | 'Node'
  | 'Namespace'
  | 'PartialObjectMetadata';

/** Encodes an object by protobufjs, from the form that the API has in JSON but for times, which are `{ seconds }`. */
export function encode(kind: MessageKind, object: object): Buffer {
  const type = root.lookupType(kind);
  return Buffer.from(type.encode(type.fromObject(object)).finish());
}
