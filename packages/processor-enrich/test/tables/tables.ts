/** Tables for tests: from settings as a user would write them, and files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AnyValue, addressKey } from '@tributary/core';
import { type TestSettings, testSettings } from '@tributary/testkit';
import { onTestFinished } from 'vitest';
import type { AddedAttributes, EndFacts } from '../../src/end-facts.ts';
import { BusinessTables } from '../../src/tables/business-tables.ts';
import { tablesConfigSchema } from '../../src/tables/config.ts';

/** Tables that run until the test is over. */
export interface RunningTables {
  readonly tables: BusinessTables;
  readonly settings: TestSettings;
  readonly dir: string;
  ofAddress(text: string): AddedAttributes | undefined;
}

/** Starts tables with these settings in a folder with these files. */
export async function startTables(
  blocks: readonly unknown[],
  files: Readonly<Record<string, string>> = {},
): Promise<RunningTables> {
  const dir = mkdtempSync(path.join(tmpdir(), 'tables-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text);
  const settings = testSettings({ kind: 'processor', id: 'enrich', configDir: dir });
  const tables = BusinessTables.create(settings, { tables: tablesConfigSchema.parse(blocks) });
  onTestFinished(async () => {
    await tables.shutdown();
    rmSync(dir, { recursive: true });
  });
  await tables.start();
  return { tables, settings, dir, ofAddress: (text) => tables.ofAddress(addressKey(text)!) };
}

/** An end of which only this is known. */
export function end(
  facts: Partial<EndFacts> & { readonly attributes?: Readonly<Record<string, AnyValue>> },
): EndFacts {
  return {
    namespace: undefined,
    workload: undefined,
    labels: [],
    namespaceLabels: [],
    dnsName: undefined,
    attributes: {},
    ...facts,
  };
}
