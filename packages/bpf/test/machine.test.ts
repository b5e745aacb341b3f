import { describe, expect, it } from 'vitest';
import {
  capabilitiesOf,
  cgroupMounts,
  examineMachine,
  isAtLeast,
  type Machine,
  mayLoadPrograms,
  parseMounts,
  problemsOf,
} from '../src/index.ts';

const GOOD: Omit<Machine, 'problems'> = {
  platform: 'linux',
  arch: 'x64',
  kernelRelease: '6.8.0-45-generic',
  isKernelNewEnough: true,
  hasBtf: true,
  libbpf: { version: '1.1' },
  capabilities: capabilitiesOf('000001ffffffffff'),
  mayLoadPrograms: true,
  unprivilegedBpfDisabled: 2,
  lockdown: 'none',
  cgroups: { version: 'v2', v2Path: '/sys/fs/cgroup' },
};

describe('problemsOf', () => {
  it('finds none on a machine that has all', () => {
    expect(problemsOf(GOOD)).toEqual([]);
  });

  it('names each problem with its remedy, all at once', () => {
    expect(
      problemsOf({
        ...GOOD,
        kernelRelease: '4.19.0-27-amd64',
        isKernelNewEnough: false,
        hasBtf: false,
        libbpf: {
          problem: 'libbpf.so.1 cannot be loaded (no such file). Install it: apt-get install libbpf1.',
        },
        mayLoadPrograms: false,
        lockdown: 'confidentiality',
      }),
    ).toEqual([
      'the kernel is too old (4.19.0-27-amd64). Use Linux 5.12 or newer.',
      'the kernel has no type information (/sys/kernel/btf/vmlinux cannot be read). Use a kernel built with ' +
        'CONFIG_DEBUG_INFO_BTF=y, as all large distributions have it.',
      'libbpf.so.1 cannot be loaded (no such file). Install it: apt-get install libbpf1.',
      'this process may not load BPF programs (it has neither CAP_BPF with CAP_PERFMON nor CAP_SYS_ADMIN). ' +
        'Run it as root, or give it these capabilities.',
      'the kernel is locked down (confidentiality), which forbids programs that read kernel memory. ' +
        'Boot with lockdown=integrity or none.',
    ]);
  });

  it('says only one thing of a machine that does not run Linux', () => {
    expect(problemsOf({ ...GOOD, platform: 'darwin', isKernelNewEnough: false, hasBtf: false })).toEqual([
      'this machine runs darwin. BPF programs need Linux 5.12 or newer.',
    ]);
  });
});

describe('examineMachine', () => {
  it('describes this machine', () => {
    const machine = examineMachine();
    expect(machine).toEqual({
      ...machine,
      platform: process.platform,
      arch: process.arch,
      problems: problemsOf(machine),
    });
  });
});

describe('isAtLeast', () => {
  it.each([
    ['5.12.0', true],
    ['5.11.22', false],
    ['6.0.0-rc1', true],
    ['10.1', true],
    ['4.99', false],
    ['', false],
  ])('compares the release "%s" with 5.12', (release, isNewEnough) => {
    expect(isAtLeast(release, '5.12')).toBe(isNewEnough);
  });
});

describe('capabilitiesOf', () => {
  it('reads the set that /proc/self/status shows', () => {
    // CAP_NET_ADMIN (12), CAP_PERFMON (38) and CAP_BPF (39).
    expect(capabilitiesOf('000000c000001000')).toEqual({
      CAP_DAC_READ_SEARCH: false,
      CAP_NET_ADMIN: true,
      CAP_SYS_PTRACE: false,
      CAP_SYS_ADMIN: false,
      CAP_SYS_RESOURCE: false,
      CAP_PERFMON: true,
      CAP_BPF: true,
    });
  });

  it.each([
    ['000000c000000000', true],
    ['0000008000000000', false],
    ['0000000000200000', true],
    ['0', false],
  ])('tells whether the set %s may load programs', (set, may) => {
    expect(mayLoadPrograms(capabilitiesOf(set))).toBe(may);
  });
});

describe('cgroupMounts', () => {
  const V2 = '30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
  const V1 = '31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct';
  const UNIFIED = '32 25 0:28 / /sys/fs/cgroup/unified rw shared:11 - cgroup2 cgroup rw';
  const PART = '33 25 0:26 /kubepods /mnt/a\\040part rw - cgroup2 cgroup2 rw';

  it.each([
    ['version 2 alone', [V2], { version: 'v2', v2Path: '/sys/fs/cgroup' }],
    ['version 1 alone', [V1], { version: 'v1' }],
    ['both', [V1, UNIFIED], { version: 'hybrid', v2Path: '/sys/fs/cgroup/unified' }],
    ['a part of the tree before the whole', [PART, V2], { version: 'v2', v2Path: '/sys/fs/cgroup' }],
    [
      "the host's tree in a container, beside its own",
      [V2, V2.replace(' / /sys/fs/cgroup ', ' /../../.. /host/cgroup ')],
      { version: 'v2', v2Path: '/host/cgroup' },
    ],
    ['a part only', [PART], { version: 'v2', v2Path: '/mnt/a part' }],
    ['nothing', [], { version: 'none' }],
  ])('finds %s', (_, lines, expected) => {
    expect(cgroupMounts(parseMounts(lines.join('\n')))).toEqual(expected);
  });

  it('reads paths with spaces, and the controllers of version 1', () => {
    expect(parseMounts(`${PART}\n${V1}`)).toEqual([
      { path: '/mnt/a part', type: 'cgroup2', root: '/kubepods', superOptions: ['rw'] },
      {
        path: '/sys/fs/cgroup/cpu,cpuacct',
        type: 'cgroup',
        root: '/',
        superOptions: ['rw', 'cpu', 'cpuacct'],
      },
    ]);
  });

  it('leaves out lines that are not as they should be', () => {
    expect(parseMounts('\n1 2 3\nnonsense - \n')).toEqual([]);
  });
});
