import { expect, test } from 'vitest';
import { Batch, type Span } from '../../src/index.ts';
import { attribute, len, spans } from './wire-builder.ts';

const LARGE = 'x'.repeat(20_000);

function spanOf(batch: Batch): Span {
  const [span] = batch.records();
  if (span?.kindOf !== 'span') throw new Error('not a span');
  return span;
}

test('a batch in which no item was changed is the very array that came', () => {
  const bytes = spans(attribute(9, 'k', 'v'));
  const batch = Batch.decode('traces', bytes);
  batch.editItemAttributes((attributes) => {
    attributes.delete('other');
    attributes.rename('k', 'k');
  });
  expect(batch.toBytes()).toBe(bytes);
});

test('only the items that were changed, and the lengths around them, are written anew', () => {
  const name = len(5, 'name');
  const batch = Batch.decode(
    'traces',
    spans(attribute(9, 'old', '1'), Buffer.concat([name, attribute(9, 'k', '2')]), attribute(9, 'old', '3')),
  );
  batch.editItemAttributes((attributes) => void attributes.rename('old', 'a longer key'));
  expect(batch.toBytes()).toEqual(
    spans(
      attribute(9, 'a longer key', '1'),
      Buffer.concat([name, attribute(9, 'k', '2')]),
      attribute(9, 'a longer key', '3'),
    ),
  );
});

test('groups in which nothing was changed stay as they are between others', () => {
  const request = (...keys: string[]) => Buffer.concat(keys.map((key) => spans(attribute(9, key, 'v'))));
  const batch = Batch.decode('traces', request('old', 'k', 'k', 'old', 'k'));
  batch.editItemAttributes((attributes) => void attributes.rename('old', 'new key'));
  expect(batch.toBytes()).toEqual(new Uint8Array(request('new key', 'k', 'k', 'new key', 'k')));
});

test('edits of one item see the edits before them, however large the item is', () => {
  for (const value of ['small', LARGE]) {
    const batch = Batch.decode('traces', spans(attribute(9, 'a', value), attribute(9, 'b', 'other')));
    batch.editItemAttributes((attributes) => {
      attributes.rename('a', 'b');
      attributes.copy('b', 'c');
      attributes.set('d', attributes.get('c') ?? null);
      attributes.delete('c');
    });
    expect(batch.toBytes()).toEqual(
      spans(
        Buffer.concat([attribute(9, 'b', value), attribute(9, 'd', value)]),
        Buffer.concat([attribute(9, 'b', 'other'), attribute(9, 'd', 'other')]),
      ),
    );
  }
});

test('views that are older can be edited afterwards if nothing was changed, and else say so', () => {
  for (const isEncodedBefore of [false, true]) {
    const batch = Batch.decode('traces', spans(attribute(9, 'k', 'v')));
    const span = spanOf(batch);
    batch.editItemAttributes((attributes) => void attributes.delete('other'));
    span.attributes.set('k', 'w');
    if (isEncodedBefore) batch.toBytes();
    batch.editItemAttributes((attributes) => void attributes.rename('k', 'l'));
    expect(() => span.attributes.set('k', 'x')).toThrow(
      'Batch: a view was edited that is older than the last encoding of the batch, which was opened again or edited ' +
        'since. Take views anew after toBytes, toChunks or editItemAttributes.',
    );
    expect(batch.toBytes()).toEqual(spans(attribute(9, 'l', 'w')));
  }
});

test('an edit that throws leaves the batch as it was', () => {
  const batch = Batch.decode('traces', spans(attribute(9, 'k', '1'), attribute(9, 'k', '2')));
  const edit = (): void =>
    batch.editItemAttributes((attributes) => {
      if (attributes.get('k') === '2') throw new Error('enough');
      attributes.delete('k');
    });
  expect(edit).toThrow('enough');
  expect(batch.toBytes()).toEqual(spans(attribute(9, 'k', '1'), attribute(9, 'k', '2')));
});
