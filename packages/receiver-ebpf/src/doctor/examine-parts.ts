/**
 * What each part of the receiver can do on this machine, found out by trying: programs are loaded, one by one, and let go;
 * nothing is attached.
 */
import {
  type Capability,
  examineMachine,
  isWholeCgroupTree,
  type Machine,
  NetlinkSocket,
  type ProgramProbe,
  probeObject,
  readPrebuilt,
} from '@tributary/bpf';
import { errorText } from '@tributary/core';
import { ConntrackTable } from '../flows/conntrack/conntrack-table.ts';
import { NETLINK_SOCK_DIAG } from '../flows/sock-diag/inet-diag.ts';
import { isInFirstPidNamespace } from '../pid-namespace.ts';
import type { Condition, Finding, Part, PartReport } from './part.ts';
import { PARTS } from './parts.ts';

/** What it is tried with. */
export interface ExamineOptions {
  /** All, if not given. */
  readonly parts?: readonly Part[];
  readonly machine?: Machine;
  /** The bytes of an object, by its name. */
  readonly readObject?: (name: string) => Uint8Array;
}

/** Examines every part. Never throws, and leaves nothing in the kernel. */
export function examineParts(options: ExamineOptions = {}): PartReport[] {
  const { machine = examineMachine(), readObject = readPrebuilt, parts = PARTS } = options;
  return parts.map((part) => {
    const all = [...programFindings(part, machine, readObject), ...conditionFindings(part, machine)];
    const fatal = all.filter(({ lost }) => lost === undefined);
    const { block, title, isFallback } = part;
    const state = fatal.length > 0 ? 'cannot_run' : all.length > 0 ? 'partly' : 'runs';
    // What else would be missing is of no interest where nothing runs.
    const findings = fatal.length > 0 ? fatal : all;
    return { block, title, ...(isFallback ? { isFallback } : {}), state, findings };
  });
}

function programFindings(part: Part, machine: Machine, readObject: (name: string) => Uint8Array): Finding[] {
  if (part.object === undefined) return [];
  // Without these no program runs, and trying each would say the same of all.
  const everything = new Set(part.programs.map(({ without }) => without));
  const lost = everything.has(undefined) ? undefined : [...everything].join('; ');
  const missing: Capability[] = machine.mayLoadPrograms ? [] : ['CAP_BPF', 'CAP_PERFMON'];
  if (machine.problems.length > 0) {
    return machine.problems.map((text) => finding(text, lost, missing));
  }
  let probes: readonly ProgramProbe[];
  try {
    probes = probeObject(readObject(part.object), part.object);
  } catch (error) {
    return [finding(errorText(error), lost, missing)];
  }
  return part.programs.flatMap(({ programs, without }) => {
    const tried = programs.map((name) => probes.find(({ program }) => program === name));
    if (tried.some((probe) => probe?.loads)) return [];
    const [first] = tried;
    const problem =
      first?.problem ?? `the object ${part.object} has no program ${programs.join(' or ')}. Build it anew.`;
    const log = first?.verifierLog;
    return [{ ...finding(problem, without, []), ...(log === undefined ? {} : { verifierLog: log }) }];
  });
}

function conditionFindings({ conditions }: Part, machine: Machine): Finding[] {
  return conditions.flatMap(({ condition, without }) => {
    const problem = problemOf(condition, machine);
    return problem === undefined ? [] : [finding(problem, without, capabilitiesFor(condition, machine))];
  });
}

/** Undefined where the condition holds; else what is wrong, and what to do. */
function problemOf(condition: Condition, machine: Machine): string | undefined {
  switch (condition) {
    case 'host_pid':
      return isInFirstPidNamespace()
        ? undefined
        : 'this process has a pid namespace of its own. Give it that of the host (Kubernetes: hostPID: true).';
    case 'cgroups':
      return machine.cgroups.version !== 'none'
        ? undefined
        : 'no control groups are mounted where this process sees them. Mount the /sys/fs/cgroup of the host.';
    case 'cgroup2':
      return machine.cgroups.v2Path !== undefined
        ? undefined
        : 'cgroup version 2 is not mounted where this process sees it. Mount the /sys/fs/cgroup of the host.';
    case 'whole_cgroup2':
      return isWholeCgroupTree(machine.cgroups.v2Path)
        ? undefined
        : "only a part of cgroup version 2 is mounted where this process sees it. Mount the host's /sys/fs/cgroup.";
    case 'sock_diag':
      return sockDiagProblem();
    case 'conntrack':
      return conntrackProblem();
    default:
      return machine.capabilities[condition]
        ? undefined
        : `${condition} is missing. Give it this capability.`;
  }
}

function finding(text: string, lost: string | undefined, capabilities: readonly Capability[]): Finding {
  // Every text has the form "what is wrong (what was found). What to do."
  const end = /\. (?=[A-Z])/.exec(text);
  const problem = end === null ? text : text.slice(0, end.index);
  const remedy = end === null ? '' : text.slice(end.index + 2);
  return { problem, ...(lost === undefined ? {} : { lost }), remedy, capabilities };
}

/** Those that would mend a condition that does not hold. */
function capabilitiesFor(condition: Condition, machine: Machine): readonly Capability[] {
  if (condition === 'conntrack') return machine.capabilities.CAP_NET_ADMIN ? [] : ['CAP_NET_ADMIN'];
  return isCapability(condition, machine) ? [condition] : [];
}

function isCapability(condition: Condition, { capabilities }: Machine): condition is Capability {
  return Object.hasOwn(capabilities, condition);
}

function sockDiagProblem(): string | undefined {
  try {
    new NetlinkSocket({ protocol: NETLINK_SOCK_DIAG }).close();
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

function conntrackProblem(): string | undefined {
  try {
    const table = new ConntrackTable();
    const problem = table.problem();
    table.close();
    return problem;
  } catch (error) {
    return errorText(error);
  }
}
