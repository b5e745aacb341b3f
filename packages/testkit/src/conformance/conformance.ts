import type { Factory } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { CHECKS, type CheckedRule, type CheckOptions } from './checks.ts';
import {
  CONTRACT_MODES,
  type ContractMode,
  checkReceiverContract,
  type ReceiverContract,
} from './contract.ts';
import { CONFORMANCE_RULES, type ConformanceRule } from './rules.ts';
import { Subject } from './subject.ts';

/** What the suite needs to know of a plugin. */
export interface ConformanceOptions extends CheckOptions {
  /**
   * The component's block as a user would write it, with which it runs in a test (port 0, a backend that answers).
   * A function is called for each instance. The empty block unless told otherwise.
   */
  readonly config?: unknown;
  /** For receivers: how to be a client. Without it `acknowledged-not-lost` needs an exception. */
  readonly contract?: ReceiverContract;
  /** The rules that the plugin does not keep, each with the reason. */
  readonly exceptions?: Readonly<Partial<Record<ConformanceRule, string>>>;
}

/** The rules about consuming, which receivers and extensions do not. */
const CONSUMER_RULES: readonly CheckedRule[] = ['data-not-edited', 'refuses-after-shutdown'];

/**
 * Declares the tests that every plugin must pass; called in one line from `test/conformance.test.ts`:
 *
 *     describeConformance(factory, { config: { endpoint: '127.0.0.1:0' } });
 */
export function describeConformance(factory: Factory, options: ConformanceOptions = {}): void {
  const subject = new Subject(factory, options.config);
  const test = (rule: ConformanceRule, name: string, check: () => Promise<void>): void => {
    const reason = options.exceptions?.[rule];
    if (reason === undefined) it(name, check);
    else it(name, ({ skip }) => skip(`exception: ${reason}`));
  };

  describe(`${factory.kind} ${factory.type} conforms`, () => {
    const isConsumer = factory.kind !== 'receiver' && factory.kind !== 'extension';
    for (const rule of Object.keys(CHECKS) as CheckedRule[]) {
      if (!isConsumer && CONSUMER_RULES.includes(rule)) continue;
      test(rule, CONFORMANCE_RULES[rule], () => CHECKS[rule](subject, options));
    }
    if (factory.kind !== 'receiver') return;
    for (const mode of CONTRACT_MODES) {
      const name = `${CONFORMANCE_RULES['acknowledged-not-lost']} when the pipeline ${mode}`;
      test('acknowledged-not-lost', name, () => expectContractKept(subject, options.contract, mode));
    }
  });
}

async function expectContractKept(
  subject: Subject,
  contract: ReceiverContract | undefined,
  mode: ContractMode,
): Promise<void> {
  if (contract === undefined) {
    throw new Error(
      "conformance: the receiver has no 'contract'. Give one, or an exception with its reason.",
    );
  }
  expect(await checkReceiverContract(subject, contract, mode)).toEqual({
    lost: [],
    triedAgain: [],
    refusedWithoutReason: [],
    duplicated: [],
    unanswered: [],
  });
}
