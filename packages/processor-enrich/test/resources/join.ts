import { type AnyValue, type Batch, SpansWriter, z } from '@tributary/core';
import { testSettings } from '@tributary/testkit';
import { type ResourceOptions, resourceOptionsShape } from '../../src/resources/config.ts';
import { ResourceJoin } from '../../src/resources/resource-join.ts';
import type { Facts } from './facts.ts';

type Options = z.input<ReturnType<typeof schema>>;

const schema = () => z.strictObject(resourceOptionsShape);

/** Options that extract only this. */
export function extracting(...metadata: string[]): Options {
  return { extract: { metadata } } as Options;
}

/** Options with their defaults. */
export function optionsOf(options: Options = {}): ResourceOptions {
  return schema().parse(options);
}

/** A join with the facts. */
export function joinOf(facts: Facts, options: Options = {}): ResourceJoin {
  return ResourceJoin.create(testSettings({ kind: 'processor', context: facts.context }), optionsOf(options));
}

/** A batch of one span of this resource. */
export function batchOf(
  resource: Record<string, AnyValue>,
  { peerAddress, endTimeMs = Date.now() }: { peerAddress?: string; endTimeMs?: number } = {},
): Batch {
  const writer = new SpansWriter();
  writer.resource(resource);
  writer.span({
    traceId: new Uint8Array(16).fill(1),
    spanId: new Uint8Array(8).fill(2),
    name: 'a',
    endTimeUnixNano: BigInt(endTimeMs) * 1_000_000n,
  });
  return writer.finish(peerAddress === undefined ? {} : { peerAddress })!;
}

/** What a resource is after the join. */
export function joined(
  join: ResourceJoin,
  resource: Record<string, AnyValue>,
  from: { peerAddress?: string; endTimeMs?: number } = {},
): Record<string, AnyValue> {
  const batch = batchOf(resource, from);
  join.join(batch);
  return { ...batch.resources()[0]!.resource.attributes.toObject() };
}
