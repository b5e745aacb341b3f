import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batch, SIGNALS } from '../../src/index.ts';
import { requestArbitrary } from './arbitrary.ts';
import { encodeMessy, messArbitrary } from './arbitrary-wire.ts';
import { decode, encode, requestType, runs } from './oracle.ts';
import { batchView, plainView } from './oracle-view.ts';

test.each(SIGNALS)('every accessor of a batch of %s reads what protobufjs reads', (signal) => {
  fc.assert(
    fc.property(requestArbitrary(signal), messArbitrary, (request, mess) => {
      const bytes = encodeMessy(requestType(signal), request, mess);
      const batch = Batch.decode(signal, bytes);
      expect(batchView(batch)).toStrictEqual(plainView(signal, decode(signal, bytes)));
      expect(batch.toBytes()).toBe(bytes);
    }),
    runs(80),
  );
});

test.each(SIGNALS)('%s that protobufjs wrote are read the same without the check', (signal) => {
  fc.assert(
    fc.property(requestArbitrary(signal), (request) => {
      const bytes = encode(signal, request);
      expect(batchView(Batch.trusted(signal, bytes))).toStrictEqual(plainView(signal, decode(signal, bytes)));
    }),
    runs(25),
  );
});
