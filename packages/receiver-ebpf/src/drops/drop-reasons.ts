/**
 * What the running kernel calls its reasons for dropping a packet. The numbers change from kernel to kernel, so they
 * are looked up in its own type information:
 *
 *     bits 31-16   the subsystem (enum skb_drop_reason_subsys); 0 is the kernel proper
 *     bits 15-0    the reason; of the kernel proper it is in enum skb_drop_reason
 *
 * Specification: include/net/dropreason-core.h and include/net/dropreason.h of the kernel
 */
import { type Btf, KERNEL_BTF } from '@tributary/bpf';
import { PipelineError } from '@tributary/core';
import { DROP_LEFT_OUT } from '../generated/drops-layout.ts';

const REASON_PREFIX = /^SKB_(?:DROP_REASON_)?/;
const SUBSYSTEM_PREFIX = /^SKB_DROP_REASON_SUBSYS_/;

/** Constants of the enums that stand for none of their things. */
const NOT_A_REASON: ReadonlySet<string> = new Set([
  'SKB_DROP_REASON_MAX',
  'SKB_DROP_REASON_SUBSYS_MASK',
  'SKB_DROP_REASON_SUBSYS_NUM',
  'SKB_DROP_REASON_SUBSYS_CORE',
]);

/** The reasons of one kernel. */
export class DropReasons {
  readonly #reasons: ReadonlyMap<number, string>;
  readonly #subsystems: ReadonlyMap<number, string>;

  /** `btf` is that of the running kernel. Throws a `PipelineError` where it has no reasons: before Linux 5.17. */
  constructor(btf: Pick<Btf, 'findEnum'>) {
    const reasons = btf.findEnum('skb_drop_reason');
    if (reasons === undefined) {
      throw new PipelineError(
        'BPF_UNAVAILABLE',
        `drops: this kernel does not say why it drops a packet (${KERNEL_BTF} has no enum skb_drop_reason). ` +
          'Use Linux 5.17 or newer.',
      );
    }
    this.#reasons = namesOf(reasons, REASON_PREFIX);
    this.#subsystems = namesOf(btf.findEnum('skb_drop_reason_subsys') ?? {}, SUBSYSTEM_PREFIX);
  }

  /**
   * The name of a reason: in lower case and without the prefix. Those of subsystems are numbered by each as it likes: the
   * subsystem's name and the number. One that the kernel's type information lacks is `reason_` and the number.
   */
  nameOf(reason: number): string {
    const subsystem = reason >>> 16;
    if (subsystem === 0) return this.#reasons.get(reason) ?? `reason_${reason}`;
    return `${this.#subsystems.get(subsystem) ?? `subsystem_${subsystem}`}_${reason & 0xffff}`;
  }

  /**
   * The entries of the map `left_out` for these names of reasons and subsystems, and the names that this kernel does not
   * have.
   */
  leftOut(names: readonly string[]): { readonly entries: number[]; readonly unknown: string[] } {
    const entryOf = new Map<string, number>();
    for (const [number, name] of this.#subsystems) entryOf.set(name, DROP_LEFT_OUT.DROP_REASONS + number);
    for (const [number, name] of this.#reasons) {
      if (number < DROP_LEFT_OUT.DROP_REASONS) entryOf.set(name, number);
    }
    return {
      entries: names.flatMap((name) => entryOf.get(name) ?? []),
      unknown: names.filter((name) => !entryOf.has(name)),
    };
  }
}

function namesOf(constants: Readonly<Record<string, number>>, prefix: RegExp): Map<number, string> {
  const names = new Map<number, string>();
  for (const [constant, number] of Object.entries(constants)) {
    if (!NOT_A_REASON.has(constant)) names.set(number, constant.replace(prefix, '').toLowerCase());
  }
  return names;
}
