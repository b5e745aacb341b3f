/** Content of requests in plain data, in the form that protobufjs decodes. */
import { type AnyValue, DoubleValue, type Signal } from '../../src/index.ts';
import { emptyPlain, type Plain } from './oracle.ts';
import { LEVELS, list, lookup, metricData } from './oracle-view.ts';

/** Plain data in which a resource, scope or status that is absent and one that is empty are the same. */
export function filled(signal: Signal, plain: Plain): Plain {
  const [groups, scopes, records] = LEVELS[signal];
  for (const group of list(plain[groups])) {
    group['resource'] ??= emptyPlain(lookup('Resource'));
    for (const scope of list(group[scopes])) {
      scope['scope'] ??= emptyPlain(lookup('InstrumentationScope'));
      for (const record of list(scope[records])) {
        if (signal === 'traces') record['status'] ??= emptyPlain(lookup('Status'));
      }
    }
  }
  return plain;
}

/** The items of a request in plain data, in their order. */
export function plainItems(signal: Signal, plain: Plain): Plain[] {
  const [groups, scopes, records] = LEVELS[signal];
  const all = list(plain[groups])
    .flatMap((group) => list(group[scopes]))
    .flatMap((scope) => list(scope[records]));
  return signal === 'metrics' ? all.flatMap((metric) => list(metricData(metric)?.data['dataPoints'])) : all;
}

/** The value of an attribute or body as it is written. */
export function plainAnyValue(value: AnyValue | DoubleValue): Plain {
  const any = emptyPlain(lookup('AnyValue'));
  if (value === null) return any;
  if (typeof value === 'string') any['stringValue'] = value;
  else if (typeof value === 'boolean') any['boolValue'] = value;
  else if (typeof value === 'bigint') any['intValue'] = value;
  else if (value instanceof DoubleValue) any['doubleValue'] = value.value;
  else if (value instanceof Uint8Array) any['bytesValue'] = value;
  else if (typeof value === 'number') {
    const isInt = Number.isInteger(value) && !Object.is(value, -0) && value >= -(2 ** 63) && value < 2 ** 63;
    if (isInt) any['intValue'] = BigInt(value);
    else any['doubleValue'] = value;
  } else if (Array.isArray(value)) any['arrayValue'] = { values: value.map(plainAnyValue) };
  else any['kvlistValue'] = { values: Object.entries(value as Record<string, AnyValue>).map(plainKeyValue) };
  return any;
}

/** An attribute as it is written. */
export function plainKeyValue([key, value]: readonly [string, AnyValue | DoubleValue]): Plain {
  return { ...emptyPlain(lookup('KeyValue')), key, value: plainAnyValue(value) };
}
