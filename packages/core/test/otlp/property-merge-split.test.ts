import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batch, SIGNALS, type Signal } from '../../src/index.ts';
import { requestArbitrary } from './arbitrary.ts';
import { encodeMessy, type Mess, messArbitrary } from './arbitrary-wire.ts';
import { type Edit, editsArbitrary } from './edit-arbitrary.ts';
import { decode, type Plain, requestType, runs } from './oracle.ts';
import { expectContent, flatten } from './oracle-content.ts';
import { applyEdit } from './oracle-edit.ts';
import { filled } from './oracle-plain.ts';
import { LEVELS, list } from './oracle-view.ts';

const someEdits = fc.oneof(fc.constant<Edit[]>([]), editsArbitrary);

/** A batch with some edits, and its content. */
function edited(
  signal: Signal,
  request: Plain,
  mess: Mess,
  edits: readonly Edit[],
): { batch: Batch; plain: Plain } {
  const bytes = encodeMessy(requestType(signal), request, mess);
  const batch = Batch.decode(signal, bytes);
  const plain = filled(signal, decode(signal, bytes));
  for (const edit of edits) applyEdit(batch, plain, edit);
  return { batch, plain };
}

test.each(SIGNALS)(
  '%s that are split keep every item, with all that stands above it, within the limits',
  (signal) => {
    const limits = fc.record(
      { maxItems: fc.integer({ min: 1, max: 5 }), maxBytes: fc.integer({ min: 1, max: 1500 }) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(requestArbitrary(signal), messArbitrary, someEdits, limits, editsArbitrary, (...random) => {
        const [request, mess, edits, { maxItems = Infinity, maxBytes = Infinity }, later] = random;
        const { batch, plain } = edited(signal, request, mess, edits);
        const parts = batch.split(random[3]);
        for (const part of parts) {
          expect(part.itemCount).toBeLessThanOrEqual(maxItems);
          if (part.itemCount > 1) expect(part.byteLength).toBeLessThanOrEqual(maxBytes);
        }
        const contents = parts.map((part) => filled(signal, decode(signal, part.toBytes())));
        expect(contents.flatMap((content) => flatten(signal, content))).toStrictEqual(flatten(signal, plain));
        for (const [index, part] of parts.entries()) expectContent(signal, part, contents[index]!);
        if (parts.length < 2) return;
        for (const edit of later) applyEdit(parts[0]!, contents[0]!, edit);
        expectContent(signal, parts[0]!, contents[0]!);
        expectContent(signal, batch, plain);
      }),
      runs(45),
    );
  },
);

test.each(SIGNALS)(
  '%s that are merged are the groups of all, and edits of the merged are not seen in them',
  (signal) => {
    const one = fc.tuple(requestArbitrary(signal), messArbitrary, someEdits);
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 3 }), editsArbitrary, (all, later) => {
        const sources = all.map(([request, mess, edits]) => edited(signal, request, mess, edits));
        const merged = Batch.merge(sources.map((source) => source.batch));
        const [groups] = LEVELS[signal];
        const unknown = sources.flatMap(
          (source) => (source.plain['$unknown'] as Uint8Array[] | undefined) ?? [],
        );
        const content: Plain = unknown.length === 0 ? {} : { $unknown: unknown };
        content[groups] = sources.flatMap((source) => list(structuredClone(source.plain)[groups]));
        expectContent(signal, merged, content);
        for (const edit of later) applyEdit(merged, content, edit);
        expectContent(signal, merged, content);
        for (const source of sources) expectContent(signal, source.batch, source.plain);
      }),
      runs(15),
    );
  },
);
