import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Btf, prebuiltPath } from '../src/index.ts';

const ROOT = path.join(import.meta.dirname, '../../..');

describe('the prebuilt objects', () => {
  it('are what the sources give, and so are the constants made of them', ({ skip }) => {
    skip(
      spawnSync('clang-14', ['--version']).error !== undefined,
      'needs clang-14 (apt-get install clang-14 llvm-14 libbpf-dev)',
    );
    const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}` };
    execFileSync('bash', ['scripts/build-bpf.sh', '--check'], { cwd: ROOT, env, stdio: 'pipe' });
  });

  it('have the same records on every architecture', () => {
    const [x64, arm64] = ['x64', 'arm64'].map((arch) => {
      const btf = Btf.ofObject(readFileSync(prebuiltPath('tcp', arch)));
      return [btf.struct('tcp_record'), btf.struct('tcp_counters'), btf.enum('tcp_flag')];
    });
    expect(arm64).toEqual(x64);
  });

  it('do not exist for other architectures', () => {
    expect(() => prebuiltPath('tcp', 'riscv64')).toThrow(
      'bpf: there are no programs for this architecture (riscv64). Use x64 or arm64.',
    );
  });
});
