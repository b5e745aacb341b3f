import { type Batch, type Factory, z } from '@tributary/core';
import { CHECKS, type CheckedRule, type CheckOptions, Subject } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { toyExporter } from './toys.ts';

const described = (type: z.ZodType) => type.describe('A setting.');

function check(rule: CheckedRule, factory: Factory, options: CheckOptions = {}): Promise<void> {
  return CHECKS[rule](new Subject(factory), options);
}

describe('the check of', () => {
  it("the type sees a type that is not snake case, or not the package's", async () => {
    await expect(check('type-matches-package', { ...toyExporter(), type: 'testKit' })).rejects.toThrow(
      /to match/,
    );
    await expect(check('type-matches-package', toyExporter())).rejects.toThrow(
      "expected [ 'exporter-testkit', …(1) ] to include 'testkit'",
    );
  });

  it('the defaults sees a required setting that is not declared, and a declared one that is not required', async () => {
    const schema = z.strictObject({ endpoint: described(z.string()) });
    await expect(check('defaults-validate', toyExporter({}, schema))).rejects.toThrow(/to deeply equal/);
    await check('defaults-validate', toyExporter({}, schema), { requiredSettings: ['endpoint'] });
    await expect(
      check('defaults-validate', toyExporter(), { requiredSettings: ['endpoint'] }),
    ).rejects.toThrow(/to deeply equal/);
  });

  it("the defaults sees what the factory's own validation finds", async () => {
    const factory = { ...toyExporter(), validate: () => [{ path: ['limit', 'mib'], message: 'is missing' }] };
    await expect(check('defaults-validate', factory as Factory)).rejects.toThrow(/to deeply equal/);
    await check('defaults-validate', factory as Factory, { requiredSettings: ['limit::mib'] });
  });

  it('the blocks sees a loose one', async () => {
    const schema = z.object({ size: described(z.number().default(1)) });
    await expect(check('unknown-keys-refused', toyExporter({}, schema))).rejects.toThrow(/to deeply equal/);
  });

  it('the settings sees one without a description', async () => {
    const schema = z.strictObject({ size: z.number().default(1) });
    await expect(check('fields-described', toyExporter({}, schema))).rejects.toThrow(/to deeply equal/);
  });

  it('the shutdown without start sees one that throws', async () => {
    let isStarted = false;
    const factory = toyExporter({
      start: () => {
        isStarted = true;
      },
      shutdown: () => {
        if (!isStarted) throw new Error('the server was never made');
      },
    });
    await expect(check('shutdown-without-start', factory)).rejects.toThrow('the server was never made');
  });

  it('the life sees what works only once', async () => {
    let lives = 0;
    const factory = toyExporter({
      start: () => {
        lives += 1;
        if (lives > 1) throw new Error('the port is in use');
      },
    });
    await expect(check('runs-twice', factory)).rejects.toThrow('the port is in use');
  });

  it('the second shutdown sees one that throws', async () => {
    const factory = {
      ...toyExporter(),
      create: () => {
        let isDown = false;
        return {
          consume: () => undefined,
          shutdown: () => {
            if (isDown) throw new Error('the server is closed');
            isDown = true;
          },
        };
      },
    };
    await expect(check('second-shutdown', factory as Factory)).rejects.toThrow('the server is closed');
  });

  it('the data sees an edit that is not declared, and lets a declared one be', async () => {
    const consume = (batch: Batch): void => {
      for (const { resource } of batch.resources()) resource.attributes.set('edited', true);
    };
    await expect(check('data-not-edited', toyExporter({ consume }))).rejects.toThrow(/^the batch/);
    await check('data-not-edited', toyExporter({ consume, mutatesData: true }));
  });

  it('the data sees bytes that are written over, declared or not', async () => {
    const consume = (batch: Batch): void => {
      batch.toBytes()[5] = 0;
    };
    await expect(check('data-not-edited', toyExporter({ consume, mutatesData: true }))).rejects.toThrow(
      /^the bytes of the request/,
    );
  });

  it('the end sees data that is taken after it', async () => {
    const factory = toyExporter({ consume: () => undefined });
    await expect(check('refuses-after-shutdown', factory)).rejects.toThrow(/promise resolved/);
  });

  it('the end lets be what has no shutdown', async () => {
    const factory = { ...toyExporter(), create: () => ({ consume: () => undefined }) };
    await check('refuses-after-shutdown', factory as Factory);
  });

  it('the leftovers sees a timer', async () => {
    const timers: NodeJS.Timeout[] = [];
    const start = (): void => {
      timers.push(setInterval(() => undefined, 1_000_000).unref());
    };
    await expect(check('nothing-left', toyExporter({ start }))).rejects.toThrow(/to deeply equal/);
    for (const timer of timers) clearInterval(timer);
  });
});
