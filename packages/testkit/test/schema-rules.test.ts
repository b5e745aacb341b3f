import { duration, z } from '@tributary/core';
import { looseObjects, undescribedFields } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';

const good = z.strictObject({
  interval: duration({ default: '10s' }).describe('How often.'),
  tls: z
    .strictObject({ cert_file: z.string().optional().describe('The certificate.') })
    .prefault({})
    .describe('TLS.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Headers by name.'),
  rules: z
    .array(z.strictObject({ key: z.string().describe('The attribute.') }))
    .default([])
    .describe('The rules.'),
});

const bad = z.strictObject({
  interval: duration({ default: '10s' }),
  tls: z.object({ cert_file: z.string().optional().describe('The certificate.') }).describe('TLS.'),
  peers: z.record(z.string(), z.strictObject({ port: z.number() })).describe('Peers by name.'),
  rules: z.array(z.looseObject({ key: z.string().describe(' ') })).describe('The rules.'),
  either: z
    .union([z.string(), z.strictObject({ name: z.string() })])
    .optional()
    .describe('Either.'),
});

describe('a schema', () => {
  it('has no loose objects and no fields without a description', () => {
    expect([looseObjects(good), undescribedFields(good)]).toEqual([[], []]);
  });

  it('has them found at any depth', () => {
    expect(looseObjects(bad)).toEqual(['tls', 'rules::[]']);
    expect(undescribedFields(bad)).toEqual(['interval', 'peers::*::port', 'rules::[]::key', 'either::name']);
  });

  it('is looked at behind refinements and transformations', () => {
    const schema = z
      .object({ a: z.string() })
      .refine(() => true)
      .transform(({ a }) => a);
    expect([looseObjects(schema), undescribedFields(schema)]).toEqual([['(the block)'], ['a']]);
  });
});
