import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { growthPercent } from '../../src/process/heap-room.ts';

const MIB = 1024 * 1024;

describe('growthPercent', () => {
  it('leaves a small heap 96 MiB to grow', () => {
    expect(growthPercent(24 * MIB)).toBe(400);
  });

  it('lets a large heap double', () => {
    expect(growthPercent(2048 * MIB)).toBe(100);
  });

  it('stays within bounds for a heap of nothing', () => {
    expect(growthPercent(1)).toBe(1000);
  });
});

describe('madeBuffers', () => {
  it('keeps full collections rare under a load of large requests', { timeout: 60_000 }, async () => {
    const program = fileURLToPath(new URL('request-load.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    // Six are asked for. Without room for the buffers there are more than a hundred.
    expect(JSON.parse(stdout).full).toBeLessThan(20);
  });
});
