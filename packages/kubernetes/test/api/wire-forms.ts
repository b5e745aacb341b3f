/** Writes what an API server sends, by an encoder that is not ours (protobufjs) and definitions of only what is read. */
import protobuf from 'protobufjs';

const { root } = protobuf.parse(`
  syntax = "proto2";
  message TypeMeta { optional string apiVersion = 1; optional string kind = 2; }
  message Unknown { optional TypeMeta typeMeta = 1; optional bytes raw = 2; optional string contentEncoding = 3; optional string contentType = 4; }
  message ListMeta { optional string selfLink = 1; optional string resourceVersion = 2; optional string continue = 3; optional int64 remainingItemCount = 4; }
  message ObjectMeta { optional string name = 1; optional string resourceVersion = 6; map<string, string> annotations = 12; }
  message Object { optional ObjectMeta metadata = 1; optional string payload = 2; }
  message List { optional ListMeta metadata = 1; repeated Object items = 2; optional int64 later = 9; }
  message RawExtension { optional bytes raw = 1; }
  message WatchEvent { optional string type = 1; optional RawExtension object = 2; }
  message StatusCause { optional string reason = 1; optional string message = 2; }
  message StatusDetails { optional string name = 1; repeated StatusCause causes = 4; optional int32 retryAfterSeconds = 5; }
  message Status { optional string status = 2; optional string message = 3; optional string reason = 4; optional StatusDetails details = 5; optional int32 code = 6; }
`);

const MAGIC = Buffer.from('k8s\0');

/** A message of one of the types above. */
export function encode(type: string, value: object): Buffer {
  return Buffer.from(root.lookupType(type).encode(value).finish());
}

/** An object in its envelope. */
export function envelope(kind: string, raw: Uint8Array): Buffer {
  return Buffer.concat([
    MAGIC,
    encode('Unknown', { typeMeta: { apiVersion: 'v1', kind }, raw, contentType: '' }),
  ]);
}

/** An object with a name and a version. */
export function object(name: string, resourceVersion: string, payload = ''): Buffer {
  return encode('Object', { metadata: { name, resourceVersion }, payload });
}

/** The answer to a list. */
export function list(kind: string, names: readonly string[], metadata: object): Buffer {
  const items = names.map((name, index) => ({ metadata: { name, resourceVersion: String(index + 1) } }));
  return envelope(kind, encode('List', { metadata, items, later: 7 }));
}

/** A frame of a watch. */
export function frame(type: string, kind: string, raw: Uint8Array): Buffer {
  const event = encode('WatchEvent', { type, object: { raw: envelope(kind, raw) } });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

/** A bookmark; the one that ends a streaming list where it is told. */
export function bookmark(kind: string, resourceVersion: string, endsList = false): Buffer {
  const annotations = endsList ? { 'k8s.io/initial-events-end': 'true' } : {};
  return frame('BOOKMARK', kind, encode('Object', { metadata: { resourceVersion, annotations } }));
}

/** An ERROR event. */
export function errorEvent(status: object): Buffer {
  return frame('ERROR', 'Status', encode('Status', status));
}

/** The name of an object of `object` or `list`. */
export function nameOf(bytes: Uint8Array): string {
  const { metadata } = root.lookupType('Object').decode(bytes) as unknown as { metadata: { name: string } };
  return metadata.name;
}
