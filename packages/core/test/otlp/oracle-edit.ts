/** Edits, made on a batch and, by the plain meaning of the words, on what protobufjs decoded from it. */
import {
  type AnyValue,
  type Batch,
  type DoubleValue,
  EncodedAttributes,
  type Metric,
  type Span,
} from '../../src/index.ts';
import type { Action, AttributeAction, Edit } from './edit-arbitrary.ts';
import { isEnum, messageType, type Plain, type PlainValue } from './oracle.ts';
import { plainAnyValue, plainItems, plainKeyValue } from './oracle-plain.ts';
import { type Target, targetsOf } from './oracle-targets.ts';
import { list, metricData } from './oracle-view.ts';

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
