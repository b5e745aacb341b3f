import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventHandler } from '../src/events/event-handler.ts';
import { EventLog } from '../src/events/event-log.ts';
import type { KubernetesEvent } from '../src/events/kubernetes-event.ts';

const START_MS = Date.parse('2026-08-01T10:00:00.500Z');
const START_SECONDS = Math.floor(START_MS / 1000);

/** A field of protobuf: a number, a text, or the fields of a message. */
type Field = readonly [number: number, value: number | string | readonly Field[]];

function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
      const content = typeof value === 'string' ? Buffer.from(value) : encode(value);
      return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
    }),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    bytes.push(Number(rest & 127n) + (rest > 127n ? 128 : 0));
    if (rest <= 127n) return Buffer.from(bytes);
  }
}

/** An Event that happened last at `seconds`. */
function event(name: string, version: string, seconds: number, more: readonly Field[] = []): Buffer {
  const metadata: Field[] = [
    [1, name],
    [3, 'shop'],
    [5, `uid-${name}`],
    [6, version],
    [8, [[1, START_SECONDS - 3600]]],
  ];
  return encode([[1, metadata], [7, [[1, seconds]]], ...more]);
}

function handler(): { handler: EventHandler; told: KubernetesEvent[]; malformed: () => number } {
  const told: KubernetesEvent[] = [];
  let malformed = 0;
  return {
    told,
    malformed: () => malformed,
    handler: new EventHandler({
      startMs: START_MS,
      onEvent: (each) => told.push(each),
      onMalformed: () => {
        malformed += 1;
      },
    }),
  };
}

const namesOf = (told: readonly KubernetesEvent[]): string[] => told.map(({ name }) => name);

describe('a watch of Events', () => {
  it('tells of the first list only what happened since the start, and then everything', () => {
    const { handler: events, told } = handler();
    events.listing();
    events.seen(event('before', '7', START_SECONDS - 1));
    events.seen(event('same-second', '8', START_SECONDS));
    events.seen(event('after', '5', START_SECONDS + 1));
    events.listed();
    events.seen(event('watched', '9', START_SECONDS));
    events.deleted();
    expect(namesOf(told)).toEqual(['after', 'watched']);
  });

  it('tells of a later list only what is newer than all before it', () => {
    const { handler: events, told } = handler();
    events.listing();
    events.seen(event('listed', '5', START_SECONDS + 1));
    events.listed();
    events.seen(event('watched', '9', START_SECONDS + 2));
    events.listing();
    for (const [name, version] of [
      ['a', '10'],
      ['listed', '5'],
      ['watched', '9'],
      ['z', '11'],
    ] as const) {
      events.seen(event(name, version, START_SECONDS + 3));
    }
    events.listed();
    expect(namesOf(told)).toEqual(['listed', 'watched', 'a', 'z']);
  });

  it('reads a long message that was cut off within a character, as of a probe that failed', () => {
    const { handler: events, told, malformed } = handler();
    const said = Buffer.concat([Buffer.from('é'.repeat(5000)), Buffer.from([0xc3])]);
    const message = Buffer.concat([varint(4 * 8 + 2), varint(said.length), said]);
    events.seen(Buffer.concat([event('probe', '7', START_SECONDS), message]));
    expect([told[0]?.message, malformed()]).toEqual([`${'é'.repeat(5000)}\ufffd`, 0]);
  });

  it('reads the newer form: a time to the microsecond, a series, and who reported', () => {
    const { handler: events, told } = handler();
    const series: Field = [
      11,
      [
        [1, 4],
        [
          2,
          [
            [1, START_SECONDS + 9],
            [2, 250_000_000],
          ],
        ],
      ],
    ];
    const bytes = encode([
      [
        1,
        [
          [1, 'e'],
          [5, 'uid-e'],
        ],
      ],
      [
        10,
        [
          [1, START_SECONDS + 1],
          [2, 500_000],
        ],
      ],
      series,
      [14, 'kubelet'],
      [15, 'node-1'],
    ]);
    events.seen(bytes);
    expect(told).toMatchObject([
      {
        count: 4,
        component: 'kubelet',
        host: 'node-1',
        timeUnixNano: BigInt(START_SECONDS + 9) * 1_000_000_000n + 250_000_000n,
      },
    ]);
  });

  it('counts what is no Event, and goes on', () => {
    const { handler: events, told, malformed } = handler();
    events.seen(Buffer.from('<html>'));
    events.seen(new Uint8Array());
    events.seen(event('no\nname', '1', START_SECONDS));
    events.seen(event('good', '2', START_SECONDS));
    expect([namesOf(told), malformed()]).toEqual([['good'], 3]);
  });

  it('survives whatever the bytes are, and what it tells can be written', () => {
    const log = new EventLog('1.2.3');
    const whole = event('e', '3', START_SECONDS + 1, [
      [
        2,
        [
          [1, 'Pod'],
          [3, 'web-0'],
        ],
      ],
      [3, 'Killing'],
      [4, 'body'],
      [9, 'Normal'],
    ]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), (edits) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of edits) bytes[at] = byte;
        const { handler: events, told, malformed } = handler();
        events.seen(bytes);
        expect(told.length + malformed()).toBe(1);
        for (const each of told) expect(log.write(each, START_MS, undefined)?.itemCount).toBe(1);
      }),
    );
  });

  it('leaves out of a record what the Event does not say', () => {
    const { handler: events, told } = handler();
    events.seen(encode([[1, [[5, 'uid-e']]]]));
    const batch = new EventLog('1.2.3').write(told[0]!, START_MS, undefined)!;
    expect(JSON.parse(batch.toJson())).toEqual({
      resourceLogs: [
        {
          resource: {},
          scopeLogs: [
            {
              scope: { name: '@tributary/receiver-k8s', version: '1.2.3' },
              logRecords: [
                {
                  timeUnixNano: `${START_MS}000000`,
                  observedTimeUnixNano: `${START_MS}000000`,
                  body: { stringValue: '' },
                  attributes: [{ key: 'k8s.event.uid', value: { stringValue: 'uid-e' } }],
                },
              ],
            },
          ],
        },
      ],
    });
  });
});
