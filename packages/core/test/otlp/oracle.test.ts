import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SIGNALS } from '../../src/component/signal.ts';
import { requestArbitrary } from './arbitrary.ts';
import { encodeMessy, messArbitrary } from './arbitrary-wire.ts';
import { decodeKnown, encode, requestType, runs } from './oracle.ts';

// What the other property tests stand on: however a message is written, protobufjs reads the same from it.
test.each(SIGNALS)('%s in any valid form mean to protobufjs what they mean in its own', (signal) => {
  fc.assert(
    fc.property(requestArbitrary(signal), messArbitrary, (request, mess) => {
      const plain = decodeKnown(signal, encode(signal, request));
      expect(decodeKnown(signal, encodeMessy(requestType(signal), request, mess))).toStrictEqual(plain);
    }),
    runs(40),
  );
});
