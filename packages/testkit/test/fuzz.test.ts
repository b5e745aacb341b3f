import { expect, it } from 'vitest';
import { type FuzzTarget, fuzz } from '../src/fuzz/fuzz.ts';

/** Fails only at four letters in their order, of which each alone is an outcome of its own. */
function lock(fails: (input: Buffer) => void): FuzzTarget {
  return {
    name: 'lock',
    seeds: [Buffer.from('....')],
    tokens: [...'lock'].map((letter) => Buffer.from(letter)),
    run(input) {
      let open = 0;
      while (open < 4 && input[open] === 'lock'.charCodeAt(open)) open += 1;
      if (open === 4) fails(input);
      return String(open);
    },
  };
}

it('an input that leads further is kept, and so a failure is found that chance would not find', async () => {
  const target = lock(() => {
    throw new Error('opened');
  });
  const { finds, outcomes, kept } = await fuzz(target, { runs: 20_000, seed: 1 });
  expect({ outcomes, kept, finds: finds.map(({ error }) => String(error)) }).toEqual({
    outcomes: 4,
    kept: 4,
    finds: ['Error: opened'],
  });
  expect(finds[0]?.input.subarray(0, 4).toString()).toBe('lock');
});

it('what an input leaves behind is found with that input', async () => {
  let left = 0;
  const target: FuzzTarget = {
    ...lock((input) => {
      left = input.length;
    }),
    check() {
      const found = left;
      left = 0;
      if (found > 0) throw new Error('left behind');
    },
  };
  const { finds } = await fuzz(target, { runs: 20_000, seed: 1 });
  expect(finds.map(({ input, error }) => [input.subarray(0, 4).toString(), String(error)])).toEqual([
    ['lock', 'Error: left behind'],
  ]);
});

it('the same seed draws the same inputs', async () => {
  const drawn = async (seed: number): Promise<string[]> => {
    const inputs: string[] = [];
    const target: FuzzTarget = {
      name: 'nothing',
      seeds: [Buffer.from('abc')],
      tokens: [],
      run(input) {
        inputs.push(input.toString('hex'));
        return '';
      },
    };
    await fuzz(target, { runs: 50, seed });
    return inputs;
  };
  expect(await drawn(5)).toEqual(await drawn(5));
  expect(await drawn(5)).not.toEqual(await drawn(6));
});
