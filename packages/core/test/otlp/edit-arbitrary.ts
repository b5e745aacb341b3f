/** Edits, as plain data, for properties to draw. An edit names its target by a number (oracle-targets.ts). */
import fc from 'fast-check';
import { type AnyValue, type DoubleValue, double } from '../../src/index.ts';
import { keyArbitrary, SCALARS, spanIdArbitrary, traceIdArbitrary } from './arbitrary.ts';
import type { PlainValue } from './oracle.ts';

/** One edit. */
export interface Edit {
  readonly target: number;
  readonly action: Action;
}

/** An edit of attributes. */
export type AttributeAction =
  | { readonly do: 'set'; readonly key: string; readonly value: AnyValue | DoubleValue }
  | { readonly do: 'delete'; readonly key: string }
  | { readonly do: 'rename' | 'copy'; readonly key: string; readonly to: string }
  | { readonly do: 'addMissing'; readonly added: readonly (readonly [string, AnyValue | DoubleValue])[] };

/** What an edit does to its target. */
export type Action =
  | AttributeAction
  | { readonly do: 'items'; readonly actions: readonly AttributeAction[] }
  | { readonly do: 'scalar'; readonly field: number; readonly values: Readonly<Record<string, PlainValue>> }
  | { readonly do: 'body'; readonly value: AnyValue | DoubleValue | undefined }
  | { readonly do: 'status'; readonly code: number | undefined; readonly message: string | undefined }
  | {
      readonly do: 'data';
      readonly temporality: number | undefined;
      readonly isMonotonic: boolean | undefined;
    }
  | { readonly do: 'value'; readonly value: number | bigint | undefined }
  | { readonly do: 'drop' }
  | { readonly do: 'encode' };

const valueArbitrary: fc.Arbitrary<AnyValue | DoubleValue> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.letrec<{ value: AnyValue }>((tie) => ({ value: nestedArbitrary(tie('value')) })).value,
  },
  { weight: 1, arbitrary: fc.oneof(fc.double(), fc.integer()).map(double) },
);

const attributeActions: fc.Arbitrary<AttributeAction>[] = [
  fc.record({ do: fc.constant('set' as const), key: keyArbitrary, value: valueArbitrary }),
  fc.record({ do: fc.constant('delete' as const), key: keyArbitrary }),
  fc.record({ do: fc.constantFrom('rename' as const, 'copy' as const), key: keyArbitrary, to: keyArbitrary }),
  fc.record({
    do: fc.constant('addMissing' as const),
    added: fc.array(fc.tuple(keyArbitrary, valueArbitrary), { maxLength: 6 }),
  }),
];

const actionArbitrary: fc.Arbitrary<Action> = fc.oneof(
  ...attributeActions,
  fc.record({
    do: fc.constant('items' as const),
    actions: fc.array(fc.oneof(...attributeActions), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    do: fc.constant('scalar' as const),
    field: fc.nat(100),
    values: fc.record({ ...SCALARS, traceId: traceIdArbitrary, spanId: spanIdArbitrary }),
  }),
  fc.record({ do: fc.constant('body' as const), value: fc.option(valueArbitrary, { nil: undefined }) }),
  fc.record({
    do: fc.constant('status' as const),
    code: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    message: fc.option(fc.string(), { nil: undefined }),
  }),
  fc.record({
    do: fc.constant('data' as const),
    temporality: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    isMonotonic: fc.option(fc.boolean(), { nil: undefined }),
  }),
  fc.record({
    do: fc.constant('value' as const),
    value: fc.oneof(
      fc.double(),
      fc.integer(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constant(undefined),
    ),
  }),
  fc.constant({ do: 'drop' as const }),
  fc.constant({ do: 'encode' as const }),
);

/** Some edits, one after the other. */
export const editsArbitrary: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({ target: fc.nat(1000), action: actionArbitrary }),
  { minLength: 1, maxLength: 8 },
);

function nestedArbitrary(inner: fc.Arbitrary<AnyValue>): fc.Arbitrary<AnyValue> {
  return fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.integer(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.uint8Array({ maxLength: 8 }),
    fc.constant(null),
    fc.array(inner, { maxLength: 3 }),
    fc.dictionary(keyArbitrary, inner, { maxKeys: 3 }),
  );
}
