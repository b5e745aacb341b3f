import { type Capability, examineMachine, type Machine } from '@tributary/bpf';
import { examineParts, type Finding, type PartReport } from '@tributary/receiver-ebpf';
import { writeOut } from '../output.ts';
import { VERSION } from '../version.ts';

const MARKS: Readonly<Record<PartReport['state'], string>> = {
  runs: 'ok',
  partly: 'part',
  cannot_run: 'FAIL',
};

/**
 * Tells what this machine allows, and what each block of the eBPF receiver can do here. Returns the exit code: 0 if every
 * block runs, be it in part; 1 if one cannot run at all.
 */
export function doctor(asJson: boolean): number {
  const machine = examineMachine();
  const parts = examineParts({ machine });
  const failed = failedBlocks(parts);
  if (asJson) {
    writeOut(`${JSON.stringify({ version: VERSION, machine, parts, failed }, null, 2)}\n`);
  } else {
    const lines = [
      `tributary ${VERSION} on this machine`,
      '',
      ...machineLines(machine),
      '',
      'what the receiver ebpf can do here, by blocks',
      ...parts.flatMap((part) => partLines(part, parts)),
      '',
      ...capabilityAdvice(parts),
      verdict(machine, parts, failed),
    ];
    writeOut(`${lines.join('\n')}\n`);
  }
  return failed.length === 0 ? 0 : 1;
}

/** The blocks of which nothing runs. */
export function failedBlocks(parts: readonly PartReport[]): string[] {
  const blocks = [...new Set(parts.map(({ block }) => block))];
  return blocks.filter((name) => parts.every(({ block, state }) => block !== name || state === 'cannot_run'));
}

function line(mark: string, subject: string, finding: string): string {
  return `  ${mark.padEnd(6)}${subject.padEnd(14)}${finding}`;
}

function machineLines(machine: Machine): string[] {
  const { cgroups, libbpf } = machine;
  const mark = (isGood: boolean): string => (isGood ? 'ok' : 'FAIL');
  const held = Object.entries(machine.capabilities)
    .filter(([, isHeld]) => isHeld)
    .map(([name]) => name);
  const v2 = cgroups.v2Path === undefined ? 'version 2 is not mounted' : `version 2 at ${cgroups.v2Path}`;
  return [
    line(mark(machine.isKernelNewEnough), 'kernel', `Linux ${machine.kernelRelease} (${machine.arch})`),
    line(mark(machine.hasBtf), 'BTF', machine.hasBtf ? 'the kernel carries its type information' : 'missing'),
    line(mark('version' in libbpf), 'libbpf', 'version' in libbpf ? libbpf.version : libbpf.problem),
    line(
      mark(machine.mayLoadPrograms),
      'capabilities',
      held.length === 0 ? 'none that are asked for' : held.join(', '),
    ),
    line(mark(machine.lockdown !== 'confidentiality'), 'lockdown', machine.lockdown),
    line(mark(cgroups.v2Path !== undefined), 'cgroups', v2),
  ];
}

function partLines(part: PartReport, parts: readonly PartReport[]): string[] {
  const { block, title, state, findings } = part;
  const use = part.isFallback === true ? `${title} (only where BPF cannot run)` : title;
  return [line(MARKS[state], block, use), ...(isInUse(part, parts) ? findings.flatMap(findingLines) : [])];
}

/** A part that stands in for BPF is of interest only where BPF cannot run. */
function isInUse({ block, isFallback }: PartReport, parts: readonly PartReport[]): boolean {
  if (isFallback !== true) return true;
  return parts.some(
    (other) => other.block === block && other.isFallback !== true && other.state === 'cannot_run',
  );
}

function findingLines({ problem, lost, remedy }: Finding): string[] {
  const indent = ' '.repeat(22);
  return [
    `${indent}- ${problem}`,
    `${indent}  missing: ${lost ?? 'all of it'}`,
    ...(remedy === '' ? [] : [`${indent}  ${remedy}`]),
  ];
}

/** How to give what is missing: first what keeps blocks from running, else what is missing of what they tell. */
function capabilityAdvice(parts: readonly PartReport[]): string[] {
  const used = parts.filter((part) => isInUse(part, parts));
  const ofStopped = missingCapabilities(used.filter(({ state }) => state === 'cannot_run'));
  const all = missingCapabilities(used);
  if (all.length === 0) return [];
  const names = ofStopped.length > 0 ? ofStopped : all;
  const rest = all.filter((name) => !names.includes(name));
  const short = names.map((name) => name.replace('CAP_', ''));
  const ambient = short.map((name) => `+${name.toLowerCase()}`).join();
  return [
    ofStopped.length > 0
      ? 'how to give, beside those that it has, the capabilities without which blocks do not run'
      : 'how to give, beside those that it has, the capabilities without which something is missing',
    `  Kubernetes    securityContext: { capabilities: { add: [${short.join(', ')}] } }`,
    `  systemd       AmbientCapabilities=${names.join(' ')}`,
    `  by hand       setpriv --inh-caps ${ambient} --ambient-caps ${ambient} tributary run …`,
    ...(rest.length > 0 ? [`  and for what else is missing: ${rest.join(', ')}`] : []),
    '  What each is for: packages/receiver-ebpf/docs/permissions.md',
    '',
  ];
}

function missingCapabilities(parts: readonly PartReport[]): Capability[] {
  return [
    ...new Set(parts.flatMap(({ findings }) => findings.flatMap(({ capabilities }) => capabilities))),
  ].toSorted();
}

function verdict(machine: Machine, parts: readonly PartReport[], failed: readonly string[]): string {
  if (failed.length > 0) {
    const rest = machine.platform === 'linux' ? '' : ' Everything but the kernel receivers works here.';
    return `These blocks cannot run here: ${failed.join(', ')}. The others run.${rest}`;
  }
  const isComplete = parts.every((part) => part.state === 'runs' || !isInUse(part, parts));
  return isComplete
    ? 'Every block runs here.'
    : 'Every block runs here, with something missing as said above.';
}
