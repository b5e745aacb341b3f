import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineExporter, defineReceiver } from '../../src/component/factory.ts';
import { Registry } from '../../src/config/registry.ts';

const receiver = (type: string, deprecatedAliases: string[] = []) =>
  defineReceiver({
    type,
    deprecatedAliases,
    description: 'Nothing.',
    signals: { logs: 'beta' },
    configSchema: z.strictObject({}),
    create: () => ({}),
  });

const exporter = defineExporter({
  type: 'otlp',
  description: 'Nothing.',
  signals: { logs: 'beta' },
  configSchema: z.strictObject({}),
  create: () => ({ consume: () => undefined }),
});

test('factories are found by kind, type and former name', () => {
  const factory = receiver('file_log', ['filelog']);
  const registry = new Registry([factory, exporter]);
  expect(registry.get('receiver', 'file_log')).toStrictEqual({ factory, origin: 'built in' });
  expect(registry.get('receiver', 'filelog')).toStrictEqual({ factory, origin: 'built in' });
  expect(registry.get('exporter', 'file_log')).toBeUndefined();
  expect(registry.kindsOf('otlp')).toStrictEqual(['exporter']);
});

test('types are listed without former names, in alphabetical order', () => {
  const registry = new Registry([receiver('otlp', ['a_former_name']), receiver('dns')]);
  expect(registry.types('receiver')).toStrictEqual(['dns', 'otlp']);
  expect(registry.names('receiver')).toStrictEqual(['a_former_name', 'dns', 'otlp']);
  expect(registry.types('exporter')).toStrictEqual([]);
});

test.each([
  [receiver('otlp'), 'receiver type "otlp" of plugin "b" is taken (by plugin "a")'],
  [receiver('new', ['otlp']), 'receiver type "otlp" of plugin "b" is taken (by plugin "a")'],
  [receiver('former'), 'receiver type "former" of plugin "b" is taken (by plugin "a")'],
])('a clash names both parties', (factory, message) => {
  const registry = new Registry();
  registry.add(receiver('otlp', ['former']), 'plugin "a"');
  expect(() => registry.add(factory, 'plugin "b"')).toThrow(
    expect.objectContaining({ code: 'PLUGIN_LOAD', message }),
  );
  expect(registry.types('receiver')).toStrictEqual(['otlp']);
});

test('a clone grows by itself', () => {
  const registry = new Registry([receiver('otlp')]);
  const clone = registry.clone();
  clone.add(receiver('dns'), 'plugin "a"');
  expect(registry.types('receiver')).toStrictEqual(['otlp']);
  expect(clone.types('receiver')).toStrictEqual(['dns', 'otlp']);
});
