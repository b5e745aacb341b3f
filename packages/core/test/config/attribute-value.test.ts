import { expect, test } from 'vitest';
import { schemaInput } from '../../src/config/schema-input.ts';
import { attributeValue, z } from '../../src/config/schema-types.ts';
import { double } from '../../src/index.ts';
import { tree } from './tree.ts';

const schema = z.object({
  value: attributeValue().optional(),
  number: z.number(),
  any: z.unknown().optional(),
});

function read(text: string): unknown {
  return schema.parse(schemaInput(tree(text), schema));
}

test.each([
  ['1.0', double(1)],
  ['-2.', double(-2)],
  ['1e3', double(1000)],
  ['!!float 7', double(7)],
  ['0.0', double(0)],
  ['18446744073709551616', double(2 ** 64)],
  ['1.5', 1.5],
  ['1', 1],
  ['0x10', 16],
  ['"1.0"', '1.0'],
  ['.inf', Number.POSITIVE_INFINITY],
  ['[1.0, 1, {deep: [2.0]}]', [double(1), 1, { deep: [double(2)] }]],
])('%s is the attribute value %o', (text, value) => {
  expect(read(`{ value: ${text}, number: 0 }`)).toEqual({ value, number: 0 });
});

test('a setting that is no attribute value takes the number as it is', () => {
  expect(read('{ number: 1.0, any: [2.0] }')).toEqual({ number: 1, any: [2] });
});
