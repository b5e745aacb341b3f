import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Batch, type Factory } from '@tributary/core';
import { expect } from 'vitest';
import { nopHost } from '../host.ts';
import { numberedBatch } from '../numbered-batch.ts';
import { LeakWatch } from './leak-watch.ts';
import type { ConformanceRule } from './rules.ts';
import { looseObjects, undescribedFields } from './schema-rules.ts';
import type { Subject } from './subject.ts';

/** What the checks know beside the factory. */
export interface CheckOptions {
  /** The settings without which a block is not valid, as paths (`limit::percentage`). */
  readonly requiredSettings?: readonly string[];
  /** The package's name without its scope; that of the package in which the test lies unless told otherwise. */
  readonly packageName?: string;
}

/** The rules that are checked the same way for every kind of component; `acknowledged-not-lost` is in contract.ts. */
export type CheckedRule = Exclude<ConformanceRule, 'acknowledged-not-lost'>;

/** A check for each rule; throws (an assertion error) if the subject breaks it. */
export const CHECKS: Readonly<
  Record<CheckedRule, (subject: Subject, options: CheckOptions) => Promise<void>>
> = {
  'type-matches-package': async ({ factory }, { packageName = ownPackageName() }) => {
    expect(factory.type).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
    expect(packageNames(factory)).toContain(packageName);
  },

  'defaults-validate': async ({ factory }, { requiredSettings = [] }) => {
    expect(problemsOfTheEmptyBlock(factory)).toEqual([...requiredSettings].sort());
  },

  'unknown-keys-refused': async ({ factory }) => {
    expect(looseObjects(factory.configSchema)).toEqual([]);
  },

  'fields-described': async ({ factory }) => {
    expect(undescribedFields(factory.configSchema)).toEqual([]);
  },

  'shutdown-without-start': async (subject) => {
    for (const { component } of await subject.createAll()) await component.shutdown?.();
  },

  'runs-twice': async (subject) => {
    await subject.run();
    await subject.run();
  },

  'second-shutdown': async (subject) => {
    for (const { component } of await subject.run()) await component.shutdown?.();
  },

  'data-not-edited': async (subject) => {
    for (const { component, consumer, signals } of await subject.createAll()) {
      await component.start?.(nopHost());
      const given = signals.map((signal) => {
        const bytes = Uint8Array.from(numberedBatch(signal, [1, 2, 3]).toBytes());
        return { bytes, before: Uint8Array.from(bytes), batch: Batch.decode(signal, bytes) };
      });
      const consumed = given.map(async ({ batch }) => consumer?.consume(batch));
      await component.shutdown?.();
      await Promise.all(consumed);
      for (const { bytes, before, batch } of given) {
        expect(bytes, 'the bytes of the request').toEqual(before);
        if (consumer?.mutatesData !== true) expect(batch.toBytes(), 'the batch').toEqual(before);
      }
    }
  },

  'refuses-after-shutdown': async (subject) => {
    for (const { component, consumer, signals } of await subject.run()) {
      // What has no shutdown holds nothing; the host keeps data from it.
      if (component.shutdown === undefined) continue;
      for (const signal of signals) {
        const late = async (): Promise<void> => consumer?.consume(numberedBatch(signal, [0]));
        await expect(late()).rejects.toMatchObject({ code: 'SHUTDOWN' });
      }
    }
  },

  'nothing-left': async (subject) => {
    const watch = new LeakWatch();
    await subject.run();
    expect(await watch.left()).toEqual([]);
  },
};

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
