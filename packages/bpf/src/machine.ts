/** What this machine allows, as plain data, for `tributary doctor` and for a receiver that has to say why it can't. */
import { accessSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { PipelineError } from '@tributary/core';
import { KERNEL_BTF } from './btf.ts';
import { type Capability, capabilitiesOf, mayLoadPrograms } from './capabilities.ts';
import { type CgroupMounts, cgroupMounts, type Mount, parseMounts } from './mounts.ts';
import { native } from './native.ts';

/** Socket storage in tracing programs came with 5.11, atomic exchange in BPF with 5.12. */
export const MINIMUM_KERNEL = '5.12';

/** What this machine allows. */
export interface Machine {
  /** `process.platform` and `process.arch`. */
  readonly platform: string;
  readonly arch: string;
  /** `uname -r`. */
  readonly kernelRelease: string;
  readonly isKernelNewEnough: boolean;
  /** Whether the kernel carries its own type information. */
  readonly hasBtf: boolean;
  /** The version of libbpf, or why it cannot be used. */
  readonly libbpf: { readonly version: string } | { readonly problem: string };
  readonly capabilities: Readonly<Record<Capability, boolean>>;
  readonly mayLoadPrograms: boolean;
  /** /proc/sys/kernel/unprivileged_bpf_disabled: 0 allows some BPF to everybody, 1 and 2 to nobody; undefined: no BPF. */
  readonly unprivilegedBpfDisabled?: number;
  /** The lockdown mode in force; `confidentiality` forbids reading kernel memory. */
  readonly lockdown: 'none' | 'integrity' | 'confidentiality';
  readonly cgroups: CgroupMounts;
  /** Where a BPF file system is mounted. We need none; others pin their objects there. */
  readonly bpffsPath?: string;
  /** What keeps BPF programs from running, each with its remedy; empty if nothing does. */
  readonly problems: readonly string[];
}

/** Examines this machine. Never throws. */
export function examineMachine(): Machine {
  const mounts = parseMounts(readText('/proc/self/mountinfo'));
  const capabilities = capabilitiesOf(
    /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status'))?.[1] ?? '0',
  );
  const unprivileged = readText('/proc/sys/kernel/unprivileged_bpf_disabled').trim();
  const bpffs = mounts.find((mount: Mount) => mount.type === 'bpf')?.path;
  const kernelRelease = process.platform === 'linux' ? os.release() : '';
  const facts = {
    platform: process.platform,
    arch: process.arch,
    kernelRelease,
    isKernelNewEnough: isAtLeast(kernelRelease, MINIMUM_KERNEL),
    hasBtf: isReadable(KERNEL_BTF),
    libbpf: findLibbpf(),
    capabilities,
    mayLoadPrograms: mayLoadPrograms(capabilities),
    ...(unprivileged === '' ? {} : { unprivilegedBpfDisabled: Number(unprivileged) }),
    lockdown: lockdownOf(readText('/sys/kernel/security/lockdown')),
    cgroups: cgroupMounts(mounts),
    ...(bpffs === undefined ? {} : { bpffsPath: bpffs }),
  };
  return { ...facts, problems: problemsOf(facts) };
}

/**
 * Throws a `PipelineError` with code `BPF_UNAVAILABLE` that names everything that keeps BPF programs from running
 * here; returns what was found out otherwise.
 */
export function requireBpf(): Machine {
  const machine = examineMachine();
  if (machine.problems.length === 0) return machine;
  throw new PipelineError('BPF_UNAVAILABLE', `bpf: ${machine.problems.join(' ')}`, {
    details: { kernelRelease: machine.kernelRelease, problems: machine.problems },
  });
}

/** What keeps BPF programs from running on a machine with these facts, each with its remedy. */
export function problemsOf(machine: Omit<Machine, 'problems'>): string[] {
  if (machine.platform !== 'linux') {
    return [`this machine runs ${machine.platform}. BPF programs need Linux ${MINIMUM_KERNEL} or newer.`];
  }
  const problems: string[] = [];
  if (!machine.isKernelNewEnough) {
    problems.push(`the kernel is too old (${machine.kernelRelease}). Use Linux ${MINIMUM_KERNEL} or newer.`);
  }
  if (!machine.hasBtf) {
    problems.push(
      `the kernel has no type information (${KERNEL_BTF} cannot be read). Use a kernel built with ` +
        'CONFIG_DEBUG_INFO_BTF=y, as all large distributions have it.',
    );
  }
  if ('problem' in machine.libbpf) problems.push(machine.libbpf.problem);
  if (!machine.mayLoadPrograms) {
    problems.push(
      'this process may not load BPF programs (it has neither CAP_BPF with CAP_PERFMON nor CAP_SYS_ADMIN). ' +
        'Run it as root, or give it these capabilities.',
    );
  }
  if (machine.lockdown === 'confidentiality') {
    problems.push(
      'the kernel is locked down (confidentiality), which forbids programs that read kernel memory. ' +
        'Boot with lockdown=integrity or none.',
    );
  }
  return problems;
}

/** Compares `6.18.44-fc` with `5.12` by major and minor number. */
export function isAtLeast(release: string, minimum: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [minimumMajor = 0, minimumMinor = 0] = minimum.split('.').map(Number);
  return major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
}

function findLibbpf(): Machine['libbpf'] {
  try {
    return { version: native().libbpf.versionString().replace(/^v/, '') };
  } catch (error) {
    return { problem: (error instanceof Error ? error.message : String(error)).replace(/^bpf: /, '') };
  }
}

/** The file has `none [integrity] confidentiality`, the mode in force in brackets. */
function lockdownOf(text: string): Machine['lockdown'] {
  if (text.includes('[confidentiality]')) return 'confidentiality';
  return text.includes('[integrity]') ? 'integrity' : 'none';
}

function isReadable(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
