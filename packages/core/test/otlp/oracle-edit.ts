/**
 * Edits, made on a batch and, by the plain meaning of the words, on what protobufjs decoded from it. An edit names its
 * target by a number, which counts through all messages that can be edited at that moment.
 */
import fc from 'fast-check';
import type protobuf from 'protobufjs';
import {
  type AnyValue,
  type Attributes,
  type Batch,
  type DataPoint,
  DoubleValue,
  double,
  EncodedAttributes,
  type Metric,
  type Signal,
  type Span,
} from '../../src/index.ts';
import { keyArbitrary, SCALARS, spanIdArbitrary, traceIdArbitrary } from './arbitrary.ts';
import { emptyPlain, isEnum, messageType, type Plain, type PlainValue } from './oracle.ts';
import { LEVELS, list, lookup, metricData } from './oracle-view.ts';

/** One edit. */
export interface Edit {
  readonly target: number;
  readonly action: Action;
}

type AttributeAction =
  | { readonly do: 'set'; readonly key: string; readonly value: AnyValue | DoubleValue }
  | { readonly do: 'delete'; readonly key: string }
  | { readonly do: 'rename' | 'copy'; readonly key: string; readonly to: string }
  | { readonly do: 'addMissing'; readonly added: readonly (readonly [string, AnyValue | DoubleValue])[] };

type Action =
  | AttributeAction
  | { readonly do: 'items'; readonly actions: readonly AttributeAction[] }
  | { readonly do: 'scalar'; readonly field: number; readonly values: Readonly<Record<string, PlainValue>> }
  | { readonly do: 'body'; readonly value: AnyValue | DoubleValue | undefined }
  | { readonly do: 'status'; readonly code: number | undefined; readonly message: string | undefined }
  | {
      readonly do: 'data';
      readonly temporality: number | undefined;
      readonly isMonotonic: boolean | undefined;
    }
  | { readonly do: 'value'; readonly value: number | bigint | undefined }
  | { readonly do: 'drop' }
  | { readonly do: 'encode' };

/** A message that can be edited: its view, and its content in plain data. */
interface Target {
  readonly type: protobuf.Type;
  readonly view: object;
  readonly plain: Plain;
  readonly attributes: Attributes | undefined;
  /** The key of the attributes in the plain data. */
  readonly attributesKey: string;
  /** Removes the message, in both; absent for a resource and a scope, which their groups have always. */
  readonly drop: (() => void) | undefined;
}

const valueArbitrary: fc.Arbitrary<AnyValue | DoubleValue> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.letrec<{ value: AnyValue }>((tie) => ({ value: nestedArbitrary(tie('value')) })).value,
  },
  { weight: 1, arbitrary: fc.oneof(fc.double(), fc.integer()).map(double) },
);

const attributeActions: fc.Arbitrary<AttributeAction>[] = [
  fc.record({ do: fc.constant('set' as const), key: keyArbitrary, value: valueArbitrary }),
  fc.record({ do: fc.constant('delete' as const), key: keyArbitrary }),
  fc.record({ do: fc.constantFrom('rename' as const, 'copy' as const), key: keyArbitrary, to: keyArbitrary }),
  fc.record({
    do: fc.constant('addMissing' as const),
    added: fc.array(fc.tuple(keyArbitrary, valueArbitrary), { maxLength: 6 }),
  }),
];

const actionArbitrary: fc.Arbitrary<Action> = fc.oneof(
  ...attributeActions,
  fc.record({
    do: fc.constant('items' as const),
    actions: fc.array(fc.oneof(...attributeActions), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    do: fc.constant('scalar' as const),
    field: fc.nat(100),
    values: fc.record({ ...SCALARS, traceId: traceIdArbitrary, spanId: spanIdArbitrary }),
  }),
  fc.record({ do: fc.constant('body' as const), value: fc.option(valueArbitrary, { nil: undefined }) }),
  fc.record({
    do: fc.constant('status' as const),
    code: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    message: fc.option(fc.string(), { nil: undefined }),
  }),
  fc.record({
    do: fc.constant('data' as const),
    temporality: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    isMonotonic: fc.option(fc.boolean(), { nil: undefined }),
  }),
  fc.record({
    do: fc.constant('value' as const),
    value: fc.oneof(
      fc.double(),
      fc.integer(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constant(undefined),
    ),
  }),
  fc.constant({ do: 'drop' as const }),
  fc.constant({ do: 'encode' as const }),
);

/** Some edits, one after the other. */
export const editsArbitrary: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({ target: fc.nat(1000), action: actionArbitrary }),
  { minLength: 1, maxLength: 8 },
);

/** Makes an edit on both. What does not apply to its target does nothing to either. */
export function applyEdit(batch: Batch, plain: Plain, edit: Edit): void {
  if (edit.action.do === 'encode') {
    batch.toBytes();
    return;
  }
  if (edit.action.do === 'items') {
    editItems(batch, plain, edit.action.actions);
    return;
  }
  const targets = targetsOf(batch, plain);
  const target = targets[edit.target % Math.max(targets.length, 1)];
  if (target === undefined) return;
  const { action } = edit;
  switch (action.do) {
    case 'drop':
      target.drop?.();
      return;
    case 'scalar':
      editScalar(target, action.field, action.values);
      return;
    case 'body':
    case 'status':
    case 'data':
    case 'value':
      editSpecial(target, action);
      return;
    default:
      editAttributes(target, action);
  }
}

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

export function plainKeyValue([key, value]: readonly [string, AnyValue | DoubleValue]): Plain {
  return { ...emptyPlain(lookup('KeyValue')), key, value: plainAnyValue(value) };
}

function nestedArbitrary(inner: fc.Arbitrary<AnyValue>): fc.Arbitrary<AnyValue> {
  return fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.integer(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.uint8Array({ maxLength: 8 }),
    fc.constant(null),
    fc.array(inner, { maxLength: 3 }),
    fc.dictionary(keyArbitrary, inner, { maxKeys: 3 }),
  );
}

/** Makes edits in one pass over all items. */
function editItems(batch: Batch, plain: Plain, actions: readonly AttributeAction[]): void {
  const items = plainItems(batch.signal, plain);
  let index = 0;
  batch.editItemAttributes((attributes) => {
    const item = items[index++];
    if (item === undefined) throw new Error(`more than ${items.length} items were edited`);
    for (const action of actions)
      editAttributes({ attributes, plain: item, attributesKey: 'attributes' }, action);
  });
  if (index !== items.length) throw new Error(`${index} of ${items.length} items were edited`);
}

/** The items of a request in plain data, in their order. */
export function plainItems(signal: Signal, plain: Plain): Plain[] {
  const [groups, scopes, records] = LEVELS[signal];
  const all = list(plain[groups])
    .flatMap((group) => list(group[scopes]))
    .flatMap((scope) => list(scope[records]));
  return signal === 'metrics' ? all.flatMap((metric) => list(metricData(metric)?.data['dataPoints'])) : all;
}

function editAttributes(
  target: Pick<Target, 'attributes' | 'plain' | 'attributesKey'>,
  action: AttributeAction,
): void {
  const { attributes, plain, attributesKey } = target;
  if (attributes === undefined) return;
  const before = list(plain[attributesKey]);
  if (action.do === 'addMissing') {
    const added = new Map(action.added);
    attributes.addMissing(new EncodedAttributes(action.added));
    plain[attributesKey] = [...added].reduce(putIfMissing, before);
    return;
  }
  const first = before.findIndex((attribute) => attribute['key'] === action.key);
  if (action.do === 'set') {
    attributes.set(action.key, action.value);
    plain[attributesKey] = put(before, action.key, plainKeyValue([action.key, action.value]));
    return;
  }
  if (action.do === 'delete') {
    expectSame(attributes.delete(action.key), first >= 0);
    plain[attributesKey] = before.filter((attribute) => attribute['key'] !== action.key);
    return;
  }
  expectSame(attributes[action.do](action.key, action.to), first >= 0);
  if (first < 0 || action.key === action.to) return;
  const moved = { ...before[first], key: action.to };
  if (action.do === 'copy') {
    plain[attributesKey] = put(before, action.to, moved);
  } else {
    const renamed = before.map((attribute, index) => (index === first ? moved : attribute));
    plain[attributesKey] = renamed.filter(
      (attribute) =>
        attribute === moved || (attribute['key'] !== action.key && attribute['key'] !== action.to),
    );
  }
}

/** Puts an attribute where there is none with its key, or one that says nothing. */
function putIfMissing(attributes: Plain[], attribute: [string, AnyValue | DoubleValue]): Plain[] {
  const present = attributes.find((other) => other['key'] === attribute[0]);
  if (present !== undefined && !isEmpty(present['value'] as Plain | undefined)) return attributes;
  return put(attributes, attribute[0], plainKeyValue(attribute));
}

/** An index into the strings of profiles says nothing in the other signals, and what is unknown nothing in any. */
function isEmpty(value: Plain | undefined): boolean {
  const { stringValueStrindex: _index, $unknown: _unknown, ...members } = value ?? {};
  const given = Object.values(members).filter((member) => member !== undefined);
  return given.every((member) => member === '' || (ArrayBuffer.isView(member) && member.byteLength === 0));
}

/** Puts an attribute in the place of the first with the key, or at the end; others with the key go. */
function put(attributes: readonly Plain[], key: string, attribute: Plain): Plain[] {
  const first = attributes.findIndex((other) => other['key'] === key);
  if (first < 0) return [...attributes, attribute];
  return attributes
    .map((other, index) => (index === first ? attribute : other))
    .filter((other) => other === attribute || other['key'] !== key);
}

function editScalar(target: Target, index: number, values: Readonly<Record<string, PlainValue>>): void {
  const fields = target.type.fieldsArray.filter(
    (field) => !field.repeated && messageType(field) === undefined && field.name in target.view,
  );
  const field = fields[index % Math.max(fields.length, 1)];
  if (field === undefined) return;
  const isSpanId = field.name === 'spanId' || field.name === 'parentSpanId';
  const kind = isEnum(field)
    ? 'int32'
    : field.name === 'traceId'
      ? 'traceId'
      : isSpanId
        ? 'spanId'
        : field.type;
  const value = values[kind];
  Reflect.set(target.view, field.name, value);
  if (target.type.name === 'NumberDataPoint' && field.partOf !== null) setNumber(target.plain, value);
  else target.plain[field.name] = value;
}

function editSpecial(
  target: Target,
  action: Extract<Action, { do: 'body' | 'status' | 'data' | 'value' }>,
): void {
  const { plain, view, type } = target;
  if (action.do === 'body' && type.name === 'LogRecord') {
    Reflect.set(view, 'body', action.value);
    plain['body'] = action.value === undefined ? undefined : plainAnyValue(action.value);
  } else if (action.do === 'status' && type.name === 'Span') {
    const span = view as Span;
    const status = plain['status'] as Plain;
    if (action.code !== undefined) span.statusCode = action.code;
    if (action.message !== undefined) span.statusMessage = action.message;
    status['code'] = action.code ?? status['code'];
    status['message'] = action.message ?? status['message'];
  } else if (action.do === 'data' && type.name === 'Metric') {
    const metric = view as Metric;
    if (action.temporality !== undefined) metric.aggregationTemporality = action.temporality;
    if (action.isMonotonic !== undefined) metric.isMonotonic = action.isMonotonic;
    const data = metricData(plain)?.data ?? {};
    if ('aggregationTemporality' in data)
      data['aggregationTemporality'] = action.temporality ?? data['aggregationTemporality'];
    if ('isMonotonic' in data) data['isMonotonic'] = action.isMonotonic ?? data['isMonotonic'];
  } else if (action.do === 'value' && (type.name === 'NumberDataPoint' || type.name === 'Exemplar')) {
    Reflect.set(view, 'value', action.value);
    const staysInt = plain['asInt'] !== undefined && Number.isSafeInteger(action.value);
    setNumber(plain, staysInt ? BigInt(action.value!) : action.value);
  }
}

function setNumber(plain: Plain, value: PlainValue): void {
  plain['asInt'] = typeof value === 'bigint' ? value : undefined;
  plain['asDouble'] = typeof value === 'number' ? value : undefined;
}

function expectSame(actual: boolean, expected: boolean): void {
  if (actual !== expected) throw new Error(`the edit returned ${actual}, not ${expected}`);
}

/** All that can be edited, from the outside in. */
function targetsOf(batch: Batch, plain: Plain): Target[] {
  const [groups, scopes, records] = LEVELS[batch.signal];
  const targets: Target[] = [];
  zip(batch.resources(), plain, groups, (group, plainGroup, dropGroup) => {
    targets.push(target('ResourceSpans', group, plainGroup, undefined, dropGroup));
    targets.push(
      target('Resource', group.resource, plainGroup['resource'] as Plain, group.resource.attributes),
    );
    zip(group.scopes(), plainGroup, scopes, (scope, plainScope, dropScope) => {
      targets.push(target('ScopeSpans', scope, plainScope, undefined, dropScope));
      const plainInner = plainScope['scope'] as Plain;
      targets.push(target('InstrumentationScope', scope.scope, plainInner, scope.scope.attributes));
      zip([...scope.records()], plainScope, records, (record, plainRecord, drop) => {
        if (record.kindOf === 'span') spanTargets(targets, record, plainRecord, drop);
        else if (record.kindOf === 'metric') metricTargets(targets, record, plainRecord, drop);
        else targets.push(target('LogRecord', record, plainRecord, record.attributes, drop));
      });
    });
  });
  return targets;
}

function spanTargets(targets: Target[], span: Span, plain: Plain, drop: () => void): void {
  targets.push(target('Span', span, plain, span.attributes, drop));
  zip(span.events(), plain, 'events', (event, inner, dropEvent) =>
    targets.push(target('Span.Event', event, inner, event.attributes, dropEvent)),
  );
  zip(span.links(), plain, 'links', (link, inner, dropLink) =>
    targets.push(target('Span.Link', link, inner, link.attributes, dropLink)),
  );
}

function metricTargets(targets: Target[], metric: Metric, plain: Plain, drop: () => void): void {
  targets.push({ ...target('Metric', metric, plain, metric.metadata, drop), attributesKey: 'metadata' });
  const data = metricData(plain)?.data;
  if (data === undefined) return;
  zip(metric.dataPoints(), data, 'dataPoints', (point, inner, dropPoint) => {
    targets.push(target(POINT_TYPES[point.kindOf], point, inner, point.attributes, dropPoint));
    if (point.kindOf === 'summary') return;
    zip(point.exemplars(), inner, 'exemplars', (exemplar, innermost, dropExemplar) =>
      targets.push({
        ...target('Exemplar', exemplar, innermost, exemplar.filteredAttributes, dropExemplar),
        attributesKey: 'filteredAttributes',
      }),
    );
  });
}

const POINT_TYPES: Readonly<Record<DataPoint['kindOf'], string>> = {
  number: 'NumberDataPoint',
  histogram: 'HistogramDataPoint',
  exponentialHistogram: 'ExponentialHistogramDataPoint',
  summary: 'SummaryDataPoint',
};

function target(
  type: string,
  view: object,
  plain: Plain,
  attributes: Attributes | undefined,
  drop?: () => void,
): Target {
  return { type: lookup(type), view, plain, attributes, attributesKey: 'attributes', drop };
}

/** Goes through views and plain data side by side. Removal from the plain data takes the element, wherever it is by then. */
function zip<View extends { drop(): void }>(
  views: readonly View[],
  parent: Plain,
  key: string,
  callback: (view: View, plain: Plain, drop: () => void) => void,
): void {
  const elements = list(parent[key]);
  if (views.length !== elements.length) throw new Error(`${views.length} ${key}, not ${elements.length}`);
  views.forEach((view, index) => {
    const element = elements[index]!;
    callback(view, element, () => {
      view.drop();
      parent[key] = list(parent[key]).filter((other) => other !== element);
    });
  });
}
