/** Bits of a capability set (include/uapi/linux/capability.h), as far as BPF has to do with them. */
const BITS = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;

/** A capability that some kernel feature of ours asks for. */
export type Capability = keyof typeof BITS;

/** Which of these capabilities are in a set such as the line `CapEff:` of /proc/self/status has, in hexadecimal. */
export function capabilitiesOf(hexadecimalSet: string): Readonly<Record<Capability, boolean>> {
  const set = BigInt(`0x${hexadecimalSet}`);
  const has = (bit: number): boolean => ((set >> BigInt(bit)) & 1n) === 1n;
  return Object.fromEntries(Object.entries(BITS).map(([name, bit]) => [name, has(bit)])) as Record<
    Capability,
    boolean
  >;
}

/** True if a process with these may load the programs that read the kernel; CAP_SYS_ADMIN stands for all. */
export function mayLoadPrograms(capabilities: Readonly<Record<Capability, boolean>>): boolean {
  return capabilities.CAP_SYS_ADMIN || (capabilities.CAP_BPF && capabilities.CAP_PERFMON);
}
