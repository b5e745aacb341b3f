import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnyValue, Batch, EncodedAttributes, type ItemVisitor } from '../../src/index.ts';
import { keyArbitrary, requestArbitrary } from './arbitrary.ts';
import { encodeMessy, messArbitrary } from './arbitrary-wire.ts';
import { decode, requestType, runs } from './oracle.ts';
import { expectContent } from './oracle-content.ts';
import { filled, plainItems, plainKeyValue } from './oracle-plain.ts';
import { list } from './oracle-view.ts';

const appendsArbitrary = fc.array(
  fc.record({
    pieces: fc.array(fc.dictionary(keyArbitrary, fc.oneof(fc.string(), fc.integer()), { maxKeys: 3 }), {
      maxLength: 3,
    }),
    deleted: fc.option(keyArbitrary, { nil: undefined }),
    set: fc.option(keyArbitrary, { nil: undefined }),
  }),
  { maxLength: 8 },
);

test.each([
  ['logs', 'logRecord'],
  ['traces', 'span'],
] as const)('what is appended to items of %s stands behind their other attributes', (signal, owner) => {
  fc.assert(
    fc.property(requestArbitrary(signal), messArbitrary, appendsArbitrary, (request, mess, appends) => {
      const bytes = encodeMessy(requestType(signal), request, mess);
      const original = Uint8Array.from(bytes);
      const batch = Batch.decode(signal, bytes);
      const plain = filled(signal, decode(signal, bytes));
      const items = plainItems(signal, plain);
      let index = 0;
      const resources: string[][] = [];
      const edit: ItemVisitor['edit'] = (item, attributes) => {
        const target = items[index]!;
        const { pieces = [], deleted, set } = appends[index++ % Math.max(appends.length, 1)] ?? {};
        let expected = [...list(target['attributes'])];
        const appended: (readonly [string, AnyValue])[] = [];
        for (const piece of pieces) {
          item.append(new EncodedAttributes(Object.entries(piece)).fieldsOf(owner));
          appended.push(...Object.entries(piece));
        }
        if (deleted !== undefined) {
          attributes.delete(deleted);
          expected = expected.filter((attribute) => attribute['key'] !== deleted);
        }
        if (set !== undefined && !attributes.has(set)) {
          attributes.set(set, 'set');
          expected.push(plainKeyValue([set, 'set']));
        }
        target['attributes'] = [...expected, ...appended.map(plainKeyValue)];
      };
      const groups = batch.fork().resources();
      batch.editItemBytes({ enter: (resource) => resources.push(resource.keys()), edit });
      expect(resources).toEqual(groups.map(({ resource }) => resource.attributes.keys()));
      expect(index).toBe(items.length);
      expectContent(signal, batch, plain);
      expect(bytes).toStrictEqual(original);
    }),
    runs(100),
  );
});
