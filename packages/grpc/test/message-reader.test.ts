import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_HEAD_BYTES, MessageReader } from '../src/message-reader.ts';

const MIB = 1024 * 1024;

/** A message as it goes over the wire. */
function wire(content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(MESSAGE_HEAD_BYTES + content.length);
  bytes.writeUInt32BE(content.length, 1);
  bytes.set(content, MESSAGE_HEAD_BYTES);
  return bytes;
}

describe('a message', () => {
  it('is the same however it is cut, and counts with the memory that was made for it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.array(fc.nat(500), { maxLength: 30 }),
        (content, cuts) => {
          const bytes = wire(content);
          const reader = new MessageReader(MIB);
          let kept = 0;
          let at = 0;
          for (const cut of [...cuts, bytes.length]) {
            const end = Math.min(bytes.length, at + cut);
            kept += reader.push(bytes, at, end);
            at = end;
          }
          expect({ content: Buffer.from(reader.content()), isWhole: reader.isWhole, kept }).toEqual({
            content: Buffer.from(content),
            isWhole: true,
            kept: content.length,
          });
        },
      ),
    );
  });

  it('takes no more of what it was read with than while it is read', () => {
    const bytes = wire(Buffer.from('hello'));
    const reader = new MessageReader(MIB);
    reader.push(bytes, 0, bytes.length);
    bytes.fill(0);
    expect(Buffer.from(reader.content()).toString()).toBe('hello');
  });

  it('of which little has come takes little, whatever its head says', () => {
    const bytes = wire(Buffer.alloc(MIB));
    const reader = new MessageReader(MIB);
    expect([reader.push(bytes, 0, 105), reader.push(bytes, 105, 805), reader.push(bytes, 805, 806)]).toEqual([
      800,
      0,
      8 * 801 - 800,
    ]);
  });

  it('needs more room than there is while more of it is to come', () => {
    const bytes = wire(Buffer.alloc(1000));
    const reader = new MessageReader(MIB);
    const beforeHead = reader.needs(MIB);
    reader.push(bytes, 0, 505);
    expect({ beforeHead, below: reader.needs(499), enough: reader.needs(500) }).toEqual({
      beforeHead: true,
      below: true,
      enough: false,
    });
  });
});
