import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const MODULE = new URL('../../src/process/freed-memory.ts', import.meta.url).href;
const HUGE_PAGES = '/sys/kernel/mm/transparent_hugepage/enabled';
const isGlibc = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;

/**
 * Page faults for each page of blocks that are filled and freed, each larger than the one before, in a process of its
 * own.
 */
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
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name !== 'GLIBC_TUNABLES' && !name.startsWith('MALLOC_')),
  );
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { env });
  if (stdout.length === 0) throw new Error(String(stderr));
  return Number(stdout);
}

test('memory that was freed is used again, and not asked for anew', ({ skip }) => {
  if (!isGlibc) return skip('another C library than glibc');
  if (readFileSync(HUGE_PAGES, 'utf8').includes('[always]'))
    return skip('the kernel makes huge pages of small ones');
  expect(faultsOfPage('')).toBeGreaterThan(0.4);
  expect(faultsOfPage('keepFreedMemory();')).toBeLessThan(0.15);
});
