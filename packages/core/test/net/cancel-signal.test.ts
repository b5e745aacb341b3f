import { expect, it } from 'vitest';
import { Cancellation, toAbortSignal } from '../../src/net/cancel-signal.ts';

it('a cancellation tells all who listen, once, and those who come later nothing', () => {
  const told: string[] = [];
  const cancellation = new Cancellation();
  const listen = (name: string): (() => void) => {
    const listener = (): void => void told.push(`${name} ${cancellation.aborted} ${cancellation.reason}`);
    cancellation.addEventListener('abort', listener);
    return () => cancellation.removeEventListener('abort', listener);
  };
  const endFirst = listen('first');
  listen('second');
  const endThird = listen('third');
  endThird();
  endFirst();
  listen('fourth');
  cancellation.abort('over');
  cancellation.abort('again');
  listen('fifth');
  expect(told.sort()).toEqual(['fourth true over', 'second true over']);
});

it('an abort signal is aborted with what it is made of, before or later', () => {
  const cancellation = new Cancellation();
  const early = toAbortSignal(cancellation);
  expect(early.aborted).toBe(false);
  cancellation.abort(new Error('over'));
  expect([early, toAbortSignal(cancellation)].map(({ aborted, reason }) => ({ aborted, reason }))).toEqual([
    { aborted: true, reason: new Error('over') },
    { aborted: true, reason: new Error('over') },
  ]);
  const { signal } = new AbortController();
  expect(toAbortSignal(signal)).toBe(signal);
});
