import type { Capability } from '@tributary/bpf';

/** What a part needs of the machine beside the permission to load programs. */
export type Condition =
  | Capability
  | 'host_pid'
  | 'cgroups'
  | 'cgroup2'
  | 'whole_cgroup2'
  | 'sock_diag'
  | 'conntrack';

/** One program of a part, or several of which a kernel takes one. */
export interface ProgramNeed {
  readonly programs: readonly string[];
  /** What is missing without it; undefined: the part does not run. */
  readonly without?: string;
}

/** A condition of a part. */
export interface ConditionNeed {
  readonly condition: Condition;
  /** What is missing where it does not hold; undefined: the part does not run. */
  readonly without?: string;
}

/** Something that the receiver does by itself: a block, a part of one, or what all of them share. */
export interface Part {
  /** The block that it belongs to, by its name in the configuration. */
  readonly block: string;
  /** What it does, in a few words. */
  readonly title: string;
  /** The object that has its programs; undefined: it needs no BPF. */
  readonly object?: string;
  readonly programs: readonly ProgramNeed[];
  readonly conditions: readonly ConditionNeed[];
  /** It stands in for BPF where that cannot run. */
  readonly isFallback?: true;
}

/** Why a part runs with something missing, or not at all. */
export interface Finding {
  /** What is not as it should be. */
  readonly problem: string;
  /** What is missing for that; undefined: the whole part. */
  readonly lost?: string;
  /** What to do. */
  readonly remedy: string;
  /** The capabilities that would mend it. */
  readonly capabilities: readonly Capability[];
  /** All that the kernel said of a program that it refused. */
  readonly verifierLog?: string;
}

/** What a part can do on this machine. */
export interface PartReport extends Pick<Part, 'block' | 'title' | 'isFallback'> {
  /** `partly`: it runs, and something that it should tell is missing. */
  readonly state: 'runs' | 'partly' | 'cannot_run';
  readonly findings: readonly Finding[];
}
