import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KnownHead } from '../../../src/net/http1/known-head.ts';
import { parseRequestHead, type RequestHead } from '../../../src/net/http1/request-head.ts';

const BODY = 'a body';

function read(text: string): RequestHead {
  const head = parseRequestHead(text);
  if (typeof head === 'string') throw new Error(`${head}: ${JSON.stringify(text)}`);
  return head;
}

const known = (text: string): KnownHead<string> => new KnownHead(text, read(text), 'a route');
const arrived = (text: string): Buffer => Buffer.from(`${text}\r\n\r\n${BODY}`, 'latin1');

const post = (...fields: readonly string[]): string => ['POST /v1/traces HTTP/1.1', ...fields].join('\r\n');
const OF_LENGTH = (length: string): string => post('Host: a', `content-LENGTH: \t${length} `, 'X-A: 1');

/** What is said of a head that is known again; undefined if it is not. */
function matched(text: string, next: string): unknown {
  const head = known(text);
  return head.matches(arrived(next)) ? { end: head.end, framing: head.framing } : undefined;
}

describe('a head that is known', () => {
  it.each([
    ['with the same length', OF_LENGTH('12'), OF_LENGTH('12'), 12],
    ['with a longer one', OF_LENGTH('12'), OF_LENGTH('123456789012345'), 123_456_789_012_345],
    ['with none of digits before', OF_LENGTH('0'), OF_LENGTH('007'), 7],
    [
      'with the length at its end',
      post('Host: a', 'Content-Length: 5'),
      post('Host: a', 'Content-Length: 40'),
      40,
    ],
    ['without a length', post('Host: a'), post('Host: a'), 0],
    [
      'with chunks',
      post('Host: a', 'Transfer-Encoding: chunked'),
      post('Host: a', 'Transfer-Encoding: chunked'),
      'chunked',
    ],
  ])('is known again %s', (_, text, next, framing) => {
    expect(matched(text, next)).toEqual({ end: next.length + 4, framing });
    expect(read(next).framing).toBe(framing);
  });

  it.each([
    ['a length of more digits than are exact', OF_LENGTH('12'), OF_LENGTH('1234567890123456')],
    ['no length where it has one', OF_LENGTH('12'), OF_LENGTH('')],
    ['a sign', OF_LENGTH('12'), OF_LENGTH('+12')],
    ['a second length', OF_LENGTH('12'), OF_LENGTH('12\r\nContent-Length: 12')],
    ['another case', OF_LENGTH('12'), OF_LENGTH('12').replace('X-A', 'x-a')],
    ['a field more', post('Host: a'), post('Host: a', 'X-A: 1')],
    ['a field less', post('Host: a', 'X-A: 1'), post('Host: a')],
  ])('is not known again with %s', (_, text, next) => {
    expect(matched(text, next)).toBeUndefined();
  });

  it('is not known again while a part of it is missing', () => {
    const head = known(OF_LENGTH('12'));
    const bytes = arrived(OF_LENGTH('3'));
    const end = bytes.length - BODY.length;
    for (let length = 0; length < end; length += 1)
      expect(head.matches(bytes.subarray(0, length))).toBe(false);
    expect(head.matches(bytes.subarray(0, end))).toBe(true);
  });

  it('has the fields of the request at hand', () => {
    const head = known(OF_LENGTH('12'));
    head.matches(arrived(OF_LENGTH('3456')));
    expect(head.fields).toEqual(read(OF_LENGTH('3456')).fields);
    head.matches(arrived(OF_LENGTH('12')));
    expect(head.fields).toEqual(read(OF_LENGTH('12')).fields);
  });

  it('says of any head that it knows what reading it says', () => {
    const texts = [
      OF_LENGTH('12'),
      post('Host: a', 'Expect: 100-continue', 'Content-Length: 9', 'Connection: close'),
    ];
    const change = fc.record({
      text: fc.constantFrom(...texts),
      at: fc.nat(140),
      removed: fc.nat(4),
      added: fc.stringMatching(/^[0-9a:+\r\n \t]{0,6}$/),
    });
    let knew = 0;
    fc.assert(
      fc.property(change, ({ text, at, removed, added }) => {
        const next = text.slice(0, at) + added + text.slice(at + removed);
        const head = known(text);
        if (!head.matches(arrived(next))) return;
        knew += 1;
        const taken = next.slice(0, head.end - 4);
        expect({ ...head.head, framing: head.framing, fields: head.fields }).toEqual(withNumber(read(taken)));
      }),
      { numRuns: 5000 },
    );
    expect(knew).toBeGreaterThan(50);
  });
});

/** Fields that say the length as a number is written. */
function withNumber(head: RequestHead): RequestHead {
  const fields = head.fields.map(
    ([name, value]) => [name, name === 'content-length' ? String(Number(value)) : value] as const,
  );
  return { ...head, fields };
}
