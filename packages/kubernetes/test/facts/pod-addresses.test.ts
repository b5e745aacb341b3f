/** Who held an address when: events with the times at which they were learnt, and the answers that they allow. */
import { expect, test } from 'vitest';
import { ms, Story } from './story.ts';

const IP = '10.2.7.31';

test('a pod holds its address from before its kubelet says so, but not from before anything ran in it', () => {
  const story = new Story();
  story.seen(10.1, 'a', { created: 10 });
  story.seen(14, 'a', { created: 10, started: 11, ip: IP, ran: [13] });
  expect(story.holders(IP, [11, 12.9, 13, 14, 999])).toBe('nobody nobody a a a');
});

test('a pod of which nothing but its address is known holds it from when it was seen', () => {
  const story = new Story();
  story.seen(14, 'a', { created: -1_795_334_400, started: -1_795_334_400, ip: IP });
  expect(story.holders(IP, [13, 13.6, 14])).toBe('nobody a a');
});

test('a server whose clock is ahead does not make a pod begin later than it was seen', () => {
  const story = new Story();
  story.seen(14, 'a', { created: 60, ip: IP });
  expect(story.holders(IP, [13.9, 14])).toBe('nobody a');
});

test('a pod that came to its end held its address until its last container ended, and the second that it ended in', () => {
  const story = new Story();
  story.seen(10, 'job', { created: 5, ip: IP, ran: [6] });
  story.seen(30, 'job', { created: 5, ip: IP, ran: [6, 20], phase: 'Succeeded' });
  expect(story.holders(IP, [19, 20.9, 21, 30])).toBe('job job nobody nobody');
  story.deleted(40, 'job', { created: 5, ip: IP, ran: [6, 20], phase: 'Succeeded' });
  expect(story.holders(IP, [20.9, 21])).toBe('job nobody');
});

test('a pod whose end was learnt at once did not hold its address after that', () => {
  const story = new Story();
  story.seen(10, 'job', { created: 5, ip: IP, ran: [6] });
  story.seen(20.3, 'job', { created: 5, ip: IP, ran: [6, 20], phase: 'Failed' });
  expect(story.holders(IP, [20.2, 20.3])).toBe('job nobody');
});

test('an evicted pod, which does not say when its containers ended, held its address until that was learnt', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(30, 'a', { created: 5, ip: IP, phase: 'Failed' });
  expect(story.holders(IP, [29.9, 30])).toBe('a nobody');
});

test('a finished pod that the first list has held its address once', () => {
  const story = new Story();
  story.list(100, {
    job: { created: 5, ip: IP, ran: [6, 20], phase: 'Succeeded' },
    b: { created: 40, ip: IP, ran: [41] },
  });
  expect(story.holders(IP, [10, 20.9, 21, 40, 41, 100])).toBe('job job nobody nobody b b');
  expect(story.facts.refused('pods', 'address_shared')).toBe(0);
});

test('a container that crashed does not cost its pod the address', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(21, 'a', { created: 5, ip: IP, ran: [6, 20] });
  expect(story.holders(IP, [20, 25])).toBe('a a');
});

test('a pod that was asked to go runs on, until its containers have ended', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(20, 'a', { created: 5, ip: IP, ran: [6], deleting: true });
  expect(story.holder(IP, 25)).toBe('a');
  story.seen(31.5, 'a', { created: 5, ip: IP, ran: [6, 30], deleting: true });
  story.deleted(33, 'a', { created: 5, ip: IP, ran: [6, 30], deleting: true });
  expect(story.holders(IP, [30.9, 31, 33])).toBe('a nobody nobody');
});

test('a pod that is deleted at once held its address until that was learnt', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.deleted(20.4, 'a', { created: 5, ip: IP, ran: [6] });
  expect(story.holders(IP, [20.3, 20.4])).toBe('a nobody');
});

test('a pod whose address comes with the news of its end held it all the same', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 10 });
  story.deleted(12, 'a', { created: 10, ip: IP });
  expect(story.holders(IP, [9, 10, 11.9, 12])).toBe('nobody a a nobody');
});

test('an address that is handed on belongs to each in its time', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.deleted(20.4, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(30.1, 'b', { created: 30 });
  story.seen(32.1, 'b', { created: 30, ip: IP, ran: [31] });
  expect(story.holders(IP, [6, 20.3, 20.4, 30.9, 31, 40])).toBe('a a nobody nobody b b');
});

test('an address that is handed on within the same second is nobody’s only as long as it may be either’s', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.deleted(20.7, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(20.72, 'b', { created: 20 });
  story.seen(20.75, 'b', { created: 20, ip: IP, ran: [20] });
  // The end of the one and the beginning of the other may both have been told half a second late; a may have run on for a moment, and
  // the second in which b began is cut off.
  expect(story.holders(IP, [20.1, 20.2, 20.25, 20.69, 20.71, 20.74, 20.75])).toBe(
    'a a nobody nobody nobody nobody b',
  );
});

test('a pod that waited for its address did not have it before its first container ran', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(11, 'b', { created: 11 });
  story.deleted(24.2, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(28, 'b', { created: 11, started: 12, ip: IP, ran: [27] });
  expect(story.holders(IP, [10, 24, 24.1, 24.2, 26.9, 27])).toBe('a a a nobody nobody b');
});

test('a pod that was restarted often may have had its address for all its life', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.deleted(25.2, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(28, 'b', { created: 11, started: 12, ip: IP, ran: [27], restarts: 3 });
  expect(story.holders(IP, [11, 13, 25.1, 25.2])).toBe('a nobody nobody b');
});

test('a pod on its way out has lost its address when another reports it', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(20, 'a', { created: 5, ip: IP, ran: [6], deleting: true });
  story.seen(26, 'b', { created: 21, ip: IP, ran: [25] });
  expect(story.holders(IP, [24, 25.5, 26, 30])).toBe('a nobody b b');
  story.seen(27, 'a', { created: 5, ip: IP, ran: [6], deleting: true });
  story.deleted(28, 'a', { created: 5, ip: IP, ran: [6], deleting: true });
  expect(story.holders(IP, [26.5, 27.5, 30])).toBe('b b b');
  expect(story.facts.refused('pods', 'address_handed_on')).toBe(1);
});

test('of two pods that both say to hold an address neither is the answer, until one has gone', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(20, 'b', { created: 15, ip: IP, ran: [16] });
  expect(story.holders(IP, [15, 16, 25])).toBe('a nobody nobody');
  expect(story.facts.refused('pods', 'address_shared')).toBe(1);
  story.deleted(30, 'a', { created: 5, ip: IP, ran: [6] });
  expect(story.holders(IP, [15, 29, 30])).toBe('a nobody b');
});

test('a pod whose sandbox was made anew changes its address', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(20, 'a', { created: 5, ip: '10.2.7.99', ran: [19], restarts: 1 });
  expect(story.holders(IP, [19.9, 20])).toBe('a nobody');
  expect(story.holders('10.2.7.99', [6, 19, 19.5, 20])).toBe('nobody nobody a a');
});

test('a pod that was without an address for a while has its next one from then', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(20, 'a', { created: 5, started: 5, ran: [6, 19] });
  story.seen(26, 'a', { created: 5, ip: '10.2.7.99', ran: [24], restarts: 1 });
  expect(story.holders(IP, [19.9, 20])).toBe('a nobody');
  expect(story.holders('10.2.7.99', [19, 19.5, 26])).toBe('nobody a a');
});

test('pods on the network of their node claim no address', () => {
  const story = new Story();
  story.seen(10, 'agent', { created: 5, ip: '192.168.0.1', ran: [6], hostNetwork: true });
  story.seen(10, 'host-process', { created: 5, ip: '192.168.0.1', ran: [6] });
  expect(story.holder('192.168.0.1', 10)).toBe('nobody');
  expect([...story.facts.pods()].map(({ addresses }) => addresses)).toEqual([['192.168.0.1'], []]);
});

test('both addresses of a dual stack pod are its own', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: [IP, 'FD00:0::1'], ran: [6] });
  expect([story.holder(IP, 9), story.holder('fd00::1', 9)]).toEqual(['a', 'a']);
  story.deleted(20, 'a', { created: 5, ip: [IP, 'FD00:0::1'], ran: [6] });
  expect([story.holder(IP, 20), story.holder('fd00::1', 20)]).toEqual(['nobody', 'nobody']);
});

test('addresses that nobody can have alone are refused', () => {
  const story = new Story();
  const unusable = [
    '127.0.0.1',
    '0.0.0.0',
    '::1',
    '224.0.0.1',
    'fe80::1',
    'ff02::1',
    '10.0.0.256',
    '<html>',
    '',
  ];
  story.seen(10, 'a', { created: 5, ip: unusable, ran: [6] });
  expect([...story.context.addresses.keys()]).toEqual([]);
  expect(story.facts.refused('pods', 'address_unusable')).toBe(unusable.length);
});

test('a pod that a list has no more held its address until the last sign of the watch', () => {
  const story = new Story();
  story.list(10, { a: { created: 5, ip: IP, ran: [6] }, other: { created: 5 } });
  story.seen(20, 'other', { created: 5, ip: '10.2.7.32' });
  story.list(60, { other: { created: 5, ip: '10.2.7.32' }, b: { created: 50, ip: IP, ran: [51] } });
  // Between 20 and 51 others may have held it of whom nobody has ever told.
  expect(story.holders(IP, [19.9, 20, 49, 51, 60])).toBe('a nobody nobody b b');
  expect(story.context.pods.newest('a')?.name).toBe('a');
});

test('while a list is read two pods may seem to hold an address, and neither is the answer', () => {
  const story = new Story();
  story.list(10, { a: { created: 5, ip: IP, ran: [6] } });
  story.pods.listing();
  story.pods.seen(story.pod('b', { created: 50, ip: IP, ran: [51] }), ms(60));
  expect(story.holder(IP, 60)).toBe('nobody');
  story.pods.listed(ms(60.1));
  expect(story.holder(IP, 60)).toBe('b');
});

test('a list that was given up half way ends nothing', () => {
  const story = new Story();
  story.list(10, { a: { created: 5, ip: IP, ran: [6] } });
  story.pods.listing();
  story.list(70, { a: { created: 5, ip: IP, ran: [6] } });
  expect(story.holder(IP, 65)).toBe('a');
});

test('what is older than what is known changes nothing', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6], version: 200 });
  story.seen(11, 'a', { created: 5, ip: '10.2.7.99', ran: [6], version: 199 });
  story.deleted(12, 'a', { created: 5, ip: IP, version: 198 });
  expect([story.holder(IP, 12), story.holder('10.2.7.99', 12)]).toEqual(['a', 'nobody']);
  story.deleted(13, 'a', { created: 5, ip: IP, version: 201 });
  story.seen(14, 'a', { created: 5, ip: IP, version: 200 });
  expect(story.holder(IP, 14)).toBe('nobody');
  expect(story.facts.refused('pods', 'older_version')).toBe(3);
});

test('a server that was set back to a backup is believed again after its list', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6], version: 5000 });
  story.list(20, { a: { created: 5, ip: IP, ran: [6], version: 300 } });
  story.seen(21, 'a', { created: 5, ip: '10.2.7.99', ran: [20], version: 301 });
  expect(story.holder('10.2.7.99', 21)).toBe('a');
});

test('a pod that a selector lost from sight and found again has its address but for the time between', () => {
  const story = new Story();
  story.seen(10, 'a', { created: 5, ip: IP, ran: [6] });
  story.deleted(20, 'a', { created: 5, ip: IP, ran: [6] });
  story.seen(30, 'a', { created: 5, ip: IP, ran: [6] });
  expect(story.holders(IP, [15, 31])).toBe('a a');
  expect(story.context.pods.at('a', ms(31))?.name).toBe('a');
  expect(story.context.containers.at('a-1', ms(31))?.name).toBe('app');
});

test('a pod that two watches know is gone when both have lost it', () => {
  const story = new Story();
  const node = story.facts.handler('pods');
  const bytes = story.pod('a', { created: 5, ip: IP, ran: [6] });
  story.pods.seen(bytes, ms(10));
  node.seen(bytes, ms(11));
  node.close(ms(20));
  expect(story.holder(IP, 21)).toBe('a');
  story.pods.close(ms(30));
  expect(story.holders(IP, [29, 30])).toBe('a nobody');
});

test('a list of one watch does not end what another watch has', () => {
  const story = new Story();
  const shop = story.facts.handler('pods');
  story.list(10, { a: { created: 5, ip: IP, ran: [6] } });
  shop.listing();
  shop.listed(ms(20));
  expect(story.holder(IP, 21)).toBe('a');
});

test('a pod that comes while the watch tells everything did not have its address before it was told of', () => {
  const story = new Story();
  story.list(5, {});
  story.seen(20.6, 'b', { created: 20 });
  story.seen(20.9, 'b', { created: 20, started: 20, ip: IP, ran: [20] });
  expect(story.holders(IP, [20, 20.5, 20.6])).toBe('nobody nobody b');
});

test('an address that is handed on while the watch is interrupted is nobody’s from the interruption on, until the next one has it', () => {
  const story = new Story();
  story.list(5, { a: { created: 1, ip: IP, ran: [2] } });
  story.pods.interrupted?.(ms(10));
  story.deleted(20, 'a', { created: 1, ip: IP, ran: [2] });
  story.seen(20, 'b', { created: 14, started: 15, ip: IP, ran: [16] });
  story.pods.resumed?.();
  // Seconds are cut off: within that of its first container the address may still have been a's.
  expect(story.holders(IP, [9.9, 10, 16.9, 17, 21])).toBe('a nobody nobody b b');
  story.deleted(30, 'b', { created: 14, started: 15, ip: IP, ran: [16] });
  expect(story.holders(IP, [29.9, 30])).toBe('b nobody');
});

test('what a list after an interruption has no more is nobody’s since the interruption', () => {
  const story = new Story();
  story.list(5, { a: { created: 1, ip: IP, ran: [2] } });
  story.pods.interrupted?.(ms(10));
  story.pods.interrupted?.(ms(12));
  story.list(20, { b: { created: 14, started: 15, ip: IP } });
  story.pods.resumed?.();
  expect(story.holders(IP, [9.9, 10, 15.9, 16])).toBe('a nobody nobody b');
});
