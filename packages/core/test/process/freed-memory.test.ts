import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const MODULE = new URL('../../src/process/freed-memory.ts', import.meta.url).href;
const isGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;

/** Page faults for each page of blocks that are filled and freed, each larger than the one before, in a process of its own. */
function faultsOfPage(before: string): number {
  const script = `
    import { keepFreedMemory } from '${MODULE}';
    ${before}
    const start = process.resourceUsage().minorPageFault;
    let pages = 0;
    for (let bytes = 256 * 1024; bytes < 8 * 1024 * 1024; bytes = Math.ceil(bytes * 1.05)) {
      new Uint8Array(bytes).fill(1).buffer.transfer(0);
      pages += bytes / 4096;
    }
    console.log((process.resourceUsage().minorPageFault - start) / pages);
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  if (stdout.length === 0) throw new Error(String(stderr));
  return Number(stdout);
}

test.skipIf(!isGlibc)('memory that was freed is used again, and not asked for anew', () => {
  expect(faultsOfPage('')).toBeGreaterThan(0.4);
  expect(faultsOfPage('keepFreedMemory();')).toBeLessThan(0.15);
});
