import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, 'print-many.ts');

function printMany(records: number): ChildProcess & { readonly stdout: Readable; readonly stderr: Readable } {
  const child = spawn(process.execPath, [program, String(records)], { stdio: ['ignore', 'pipe', 'pipe'] });
  return child as ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };
}

describe('stdout', () => {
  it('that is not read makes the exporter wait, in bounded memory, and loses nothing', async () => {
    const child = printMany(20_000);
    const messages: string[] = [];
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => messages.push(line));
    await once(lines, 'line');
    expect(Number(messages[0]?.replace('waiting ', ''))).toBeLessThan(128 * 1024);
    let printed = 0;
    for await (const _line of createInterface({ input: child.stdout })) printed += 1;
    if (child.exitCode === null) await once(child, 'close');
    expect(printed).toBe(20_000);
    expect([child.exitCode, messages.at(-1)]).toEqual([0, 'done []']);
  });

  it('whose reader goes away does not end the process', async () => {
    const child = printMany(20_000);
    const messages: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => messages.push(line));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await once(child, 'close');
    expect([child.exitCode, messages.at(-1)]).toEqual([
      0,
      'done ["debug: nothing can be printed to stdout any more (write EPIPE)."]',
    ]);
  });
});
