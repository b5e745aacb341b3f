import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { NO_LOSS_REASONS } from '../../src/drops/no-loss-reasons.ts';

describe('the reasons that are no loss', () => {
  it('are those of the table in docs/drops.md', () => {
    const page = readFileSync(path.join(import.meta.dirname, '../../docs/drops.md'), 'utf8');
    const [, table = ''] = /\| reason \| why not \|\n([\s\S]*?)\n\n/.exec(page) ?? [];
    const documented = table
      .split('\n')
      .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, reason]) => reason));
    expect(documented.toSorted()).toEqual([...NO_LOSS_REASONS].toSorted());
  });
});
