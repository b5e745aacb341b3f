import { expect, it } from 'vitest';
import { type Holder, ServerMemory } from '../../src/server/server-memory.ts';

/** A message of which something came just now, and which gives up nothing. */
function holder(): Holder {
  return { progressMs: performance.now(), giveUp: () => undefined, previous: undefined, next: undefined };
}

it('a message has room for 64 times what came of it until an eighth of the memory is taken, then for 8 times', () => {
  const memory = new ServerMemory(8000);
  const first = holder();
  const second = holder();
  const rooms = [memory.room];
  memory.reserve(999, first);
  rooms.push(memory.room);
  memory.reserve(1, second);
  rooms.push(memory.room);
  memory.release(1, second);
  rooms.push(memory.room);
  memory.release(999, first);
  expect(rooms).toEqual([64, 64, 8, 64]);
});

it('what a message has reserved is given back once, however often it asked for more', () => {
  const memory = new ServerMemory(1000);
  const first = holder();
  memory.reserve(100, first);
  memory.reserve(200, first);
  const taken = memory.bytes;
  memory.release(300, first);
  memory.release(300, first);
  expect([taken, memory.bytes]).toEqual([300, 0]);
});
