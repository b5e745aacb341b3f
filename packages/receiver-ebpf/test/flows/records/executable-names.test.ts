import { describe, expect, it } from 'vitest';
import { ExecutableNames } from '../../../src/flows/records/executable-names.ts';

describe('ExecutableNames', () => {
  it.each([
    ['a name', 'curl', 'curl'],
    ['none', '', ''],
    ['one that fills its field', 'x'.repeat(32), 'x'.repeat(32)],
    ['one of other letters', 'прокси', 'прокси'],
    ['one that was cut within a letter', 'я'.repeat(16).slice(0, 15) + 'aя', 'я'.repeat(15) + 'a\ufffd'],
  ])('reads %s', (_, name, text) => {
    expect(new ExecutableNames(32).read(1, viewOf(name), 8)).toBe(text);
  });

  it('notices that a process runs another program now', () => {
    const names = new ExecutableNames(32);
    const seen = ['bash', 'bash', 'curl', 'bash'].map((name) => names.read(7, viewOf(name), 8));
    expect(seen).toEqual(['bash', 'bash', 'curl', 'bash']);
  });

  it('keeps processes apart, and goes on after more than it remembers', () => {
    const names = new ExecutableNames(32);
    for (let pid = 1; pid < 10_000; pid += 1) expect(names.read(pid, viewOf(`p${pid}`), 8)).toBe(`p${pid}`);
  });
});

/** A view with the name's bytes, at most 32, at offset 8. */
function viewOf(name: string): DataView {
  const bytes = new Uint8Array(40);
  bytes.set(Buffer.from(name).subarray(0, 32), 8);
  return new DataView(bytes.buffer);
}
