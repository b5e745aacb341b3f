import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batch, SIGNALS } from '../../src/index.ts';
import { requestArbitrary } from './arbitrary.ts';
import { encodeMessy, messArbitrary } from './arbitrary-wire.ts';
import { editsArbitrary } from './edit-arbitrary.ts';
import { decode, requestType, runs } from './oracle.ts';
import { expectContent } from './oracle-content.ts';
import { applyEdit } from './oracle-edit.ts';
import { filled } from './oracle-plain.ts';

test.each(SIGNALS)('edits of %s do what the same edits do to decoded objects', (signal) => {
  fc.assert(
    fc.property(requestArbitrary(signal), messArbitrary, editsArbitrary, (request, mess, edits) => {
      const bytes = encodeMessy(requestType(signal), request, mess);
      const original = Uint8Array.from(bytes);
      const batch = Batch.decode(signal, bytes);
      const plain = filled(signal, decode(signal, bytes));
      for (const edit of edits) applyEdit(batch, plain, edit);
      expectContent(signal, batch, plain);
      expect(bytes).toStrictEqual(original);
    }),
    runs(80),
  );
});

test.each(SIGNALS)(
  'a fork of %s has the edits made before it, and neither sees the later ones of the other',
  (signal) => {
    fc.assert(
      fc.property(
        requestArbitrary(signal),
        messArbitrary,
        editsArbitrary,
        editsArbitrary,
        editsArbitrary,
        (request, mess, before, onOne, onOther) => {
          const bytes = encodeMessy(requestType(signal), request, mess);
          const one = Batch.decode(signal, bytes);
          const plainOne = filled(signal, decode(signal, bytes));
          for (const edit of before) applyEdit(one, plainOne, edit);
          const other = one.fork();
          const plainOther = structuredClone(plainOne);
          for (let index = 0; index < Math.max(onOne.length, onOther.length); index++) {
            if (index < onOne.length) applyEdit(one, plainOne, onOne[index]!);
            if (index < onOther.length) applyEdit(other, plainOther, onOther[index]!);
          }
          expectContent(signal, one, plainOne);
          expectContent(signal, other, plainOther);
        },
      ),
      runs(30),
    );
  },
);
