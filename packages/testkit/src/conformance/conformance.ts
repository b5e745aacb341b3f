import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Batch, type Factory, type Signal } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { nopHost } from '../host.ts';
import { numberedBatch } from '../numbered-batch.ts';
import { CONTRACT_MODES, checkReceiverContract, type ReceiverContract } from './contract.ts';
import { LeakWatch } from './leak-watch.ts';
import { CONFORMANCE_RULES, type ConformanceRule } from './rules.ts';
import { looseObjects, undescribedFields } from './schema-rules.ts';
import { checkConfig, createInstance, instanceSignals, type Running, signalsOf } from './subject.ts';

/** What the suite needs to know of a plugin. */
export interface ConformanceOptions {
  /**
   * The component's block as a user would write it, with which it runs in a test (port 0, a backend that answers).
   * A function is called for each instance. The empty block unless told otherwise.
   */
  readonly config?: unknown;
  /** The settings without which a block is not valid, as paths (`limit::percentage`). */
  readonly requiredSettings?: readonly string[];
  /** For receivers: how to be a client. Without it `acknowledged-not-lost` needs an exception. */
  readonly contract?: ReceiverContract;
  /** The rules that the plugin does not keep, each with the reason. */
  readonly exceptions?: Readonly<Partial<Record<ConformanceRule, string>>>;
}

/**
 * Declares the tests that every plugin must pass; called in one line from `test/conformance.test.ts`:
 *
 *     describeConformance(factory, { config: { endpoint: '127.0.0.1:0' } });
 */
export function describeConformance(factory: Factory, options: ConformanceOptions = {}): void {
  const rule = (name: ConformanceRule, check: () => void | Promise<void>): void => {
    const reason = options.exceptions?.[name];
    if (reason === undefined) it(CONFORMANCE_RULES[name], check);
    else it.skip(`${CONFORMANCE_RULES[name]} (exception: ${reason})`, check);
  };
  const config = async (): Promise<unknown> => {
    const { config: block = {} } = options;
    return checkConfig(factory, typeof block === 'function' ? await block() : block);
  };

  describe(`${factory.kind} ${factory.type} conforms`, () => {
    rule('type-matches-package', () => {
      expect(factory.type).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      expect(packageNames(factory)).toContain(ownPackageName());
    });

    rule('defaults-validate', () => {
      expect(problemsOfTheEmptyBlock(factory)).toEqual([...(options.requiredSettings ?? [])].sort());
    });

    rule('unknown-keys-refused', () => {
      expect(looseObjects(factory.configSchema)).toEqual([]);
    });

    rule('fields-described', () => {
      expect(undescribedFields(factory.configSchema)).toEqual([]);
    });

    rule('shutdown-without-start', async () => {
      for (const signal of instanceSignals(factory)) {
        const { component } = createInstance(factory, await config(), signal);
        await component.shutdown?.();
      }
    });

    rule('runs-twice', async () => {
      await runAll(factory, config);
      await runAll(factory, config);
    });

    rule('second-shutdown', async () => {
      await runAll(factory, config, async ({ component }) => {
        await component.shutdown?.();
      });
    });

    rule('nothing-left', async () => {
      const watch = new LeakWatch();
      await runAll(factory, config);
      expect(await watch.left()).toEqual([]);
    });

    if (factory.kind === 'receiver') {
      describe(CONFORMANCE_RULES['acknowledged-not-lost'], () => {
        for (const mode of CONTRACT_MODES) {
          const check = async (): Promise<void> => {
            if (options.contract === undefined) {
              throw new Error(
                "conformance: the receiver has no 'contract'. Give one, or an exception with its reason.",
              );
            }
            const violations = await checkReceiverContract(factory, await config(), options.contract, mode);
            expect(violations).toEqual({
              lost: [],
              triedAgain: [],
              refusedWithoutReason: [],
              duplicated: [],
              unanswered: [],
            });
          };
          const reason = options.exceptions?.['acknowledged-not-lost'];
          if (reason === undefined) it(`when the pipeline ${mode}`, check);
          else it.skip(`when the pipeline ${mode} (exception: ${reason})`, check);
        }
      });
    } else if (factory.kind !== 'extension') {
      rule('data-not-edited', async () => {
        for (const signal of signalsOf(factory)) await expectUntouched(factory, await config(), signal);
      });

      rule('refuses-after-shutdown', async () => {
        await runAll(factory, config, async ({ component, consumer }, signal) => {
          // What has no shutdown holds nothing; the host keeps data from it.
          if (component.shutdown === undefined) return;
          const late = async (): Promise<void> => consumer?.consume(numberedBatch(signal, [0]));
          await expect(late()).rejects.toMatchObject({ code: 'SHUTDOWN' });
        });
      });
    }
  });
}

/** Starts an instance, gives it a batch, shuts it down before the batch's `consume` has settled; for every signal. */
async function runAll(
  factory: Factory,
  config: () => Promise<unknown>,
  after: (running: Running, signal: Signal) => Promise<void> = async () => undefined,
): Promise<void> {
  for (const pipelineSignal of instanceSignals(factory)) {
    const running = createInstance(factory, await config(), pipelineSignal);
    const signals = pipelineSignal === undefined ? signalsOf(factory) : [pipelineSignal];
    await running.component.start?.(nopHost());
    const consumed = signals.map(async (signal) =>
      running.consumer?.consume(numberedBatch(signal, [1, 2, 3])),
    );
    await running.component.shutdown?.();
    await Promise.all(consumed);
    for (const signal of signals.length === 0 ? (['logs'] as const) : signals) await after(running, signal);
  }
}

async function expectUntouched(factory: Factory, config: unknown, signal: Signal): Promise<void> {
  const running = createInstance(factory, config, factory.kind === 'processor' ? signal : undefined);
  const bytes = Uint8Array.from(numberedBatch(signal, [1, 2, 3]).toBytes());
  const before = Uint8Array.from(bytes);
  const batch = Batch.decode(signal, bytes);
  await running.component.start?.(nopHost());
  const consumed = (async () => running.consumer?.consume(batch))();
  await running.component.shutdown?.();
  await consumed;
  expect(bytes).toEqual(before);
  if (running.consumer?.mutatesData !== true) expect(batch.toBytes()).toEqual(before);
}

/** The settings that the empty block lacks, as paths, sorted. */
function problemsOfTheEmptyBlock(factory: Factory): readonly string[] {
  const parsed = factory.configSchema.safeParse({});
  const problems = parsed.success ? (factory.validate?.(parsed.data) ?? []) : parsed.error.issues;
  return [...new Set(problems.map(({ path }) => path.map(String).join('::')))].sort();
}

/** The package names that fit a factory: `receiver-k8s` for `k8s`, `exporter-otlp` for `otlp_http`. */
function packageNames({ kind, type }: Factory): readonly string[] {
  const words = type.split('_');
  return words.map((_, index) => `${kind}-${words.slice(0, index + 1).join('-')}`);
}

/** The name, without its scope, of the package that the running test file belongs to. */
function ownPackageName(): string {
  let dir = dirname(expect.getState().testPath ?? process.cwd());
  while (!existsSync(join(dir, 'package.json')) && dirname(dir) !== dir) dir = dirname(dir);
  const { name } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { name: string };
  return name.replace(/^@[^/]*\//, '');
}
