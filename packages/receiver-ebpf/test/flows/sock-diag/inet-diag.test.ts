import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeTcpReading,
  dumpRequest,
  emptyTcpReading,
  lookupRequest,
  type TcpReading,
} from '../../../src/flows/sock-diag/inet-diag.ts';

const INFO = 76;

/** `struct inet_diag_msg` of an IPv4 socket with these attributes after it, and `struct tcp_info` as the first. */
function ipv4Message(infoBytes = 240): DataView {
  const view = new DataView(new ArrayBuffer(72 + 4 + infoBytes + 12));
  view.setUint8(0, 2); //                family
  view.setUint8(1, 8); //                state
  view.setUint16(4, 443); //             local port
  view.setUint16(6, 50_000); //          remote port
  view.setUint32(8, 0x0a000001); //      local address
  view.setUint32(24, 0x0a000002); //     remote address
  view.setBigUint64(44, 4711n, true); // cookie
  view.setUint32(56, 3, true); //        receive queue
  view.setUint32(60, 4, true); //        send queue
  view.setUint32(68, 99, true); //       inode
  view.setUint16(72, 4 + infoBytes, true);
  view.setUint16(74, 2, true); //        INET_DIAG_INFO
  const words: [number, number][] = [
    [24, 5], //   unacked
    [68, 1500], // rtt
    [100, 6], //  total_retrans
    [136, 7], //  segs_out
    [140, 8], //  segs_in
    [144, 9], //  notsent_bytes
    [148, 0xffff_ffff], // min_rtt
    [152, 10], // data_segs_in
    [228, 11], // snd_wnd
    [232, 12], // rcv_wnd
  ];
  for (const [offset, value] of words)
    if (offset + 4 <= infoBytes) view.setUint32(INFO + offset, value, true);
  const longs: [number, bigint][] = [
    [120, 2n ** 40n], // bytes_acked
    [128, 14n], //       bytes_received
    [176, 15n], //       rwnd_limited
    [200, 16n], //       bytes_sent
    [208, 17n], //       bytes_retrans
  ];
  for (const [offset, value] of longs)
    if (offset + 8 <= infoBytes) view.setBigUint64(INFO + offset, value, true);
  const cgroup = INFO + infoBytes;
  view.setUint16(cgroup, 12, true);
  view.setUint16(cgroup + 2, 21, true); // INET_DIAG_CGROUP_ID
  view.setBigUint64(cgroup + 4, 1234n, true);
  return view;
}

function decode(view: DataView): TcpReading | undefined {
  const reading = emptyTcpReading();
  return decodeTcpReading(view, 0, view.byteLength, reading) ? reading : undefined;
}

const addressesOf = (reading: TcpReading | undefined) =>
  Buffer.from(reading?.addresses.buffer as ArrayBuffer).toString('hex');

describe('the message of a socket', () => {
  it('is decoded field by field', () => {
    const reading = decode(ipv4Message());
    expect(addressesOf(reading)).toBe(`${'00'.repeat(10)}ffff0a000001${'00'.repeat(10)}ffff0a000002`);
    expect(reading).toEqual({
      ...emptyTcpReading(),
      addresses: reading?.addresses,
      family: 2,
      state: 8,
      localPort: 443,
      remotePort: 50_000,
      cookie: 4711,
      inode: 99,
      cgroupId: 1234,
      receiveQueue: 3,
      sendQueue: 4,
      hasInfo: true,
      unackedSegments: 5,
      rttUs: 1500,
      minRttUs: 0,
      retransmits: 6,
      ackedSequence: 2 ** 40,
      receivedSequence: 14,
      sentSegments: 7,
      receivedSegments: 8,
      receivedDataSegments: 10,
      unsentBytes: 9,
      sentBytes: 16,
      resentBytes: 17,
      windowLimitedUs: 15,
      localWindow: 12,
      remoteWindow: 11,
    });
  });

  it('of IPv6 has its addresses as they are', () => {
    const view = ipv4Message();
    view.setUint8(0, 10);
    view.setUint8(23, 1);
    view.setUint8(39, 2);
    expect(addressesOf(decode(view))).toBe(`0a000001${'00'.repeat(11)}01${'0a000002'}${'00'.repeat(11)}02`);
  });

  it('of a kernel without the windows leaves those unknown', () => {
    expect(decode(ipv4Message(216))).toMatchObject({ hasInfo: true, localWindow: -1, remoteWindow: -1 });
  });

  it('of a kernel that does not count what was sent has no counters', () => {
    expect(decode(ipv4Message(192))).toMatchObject({ hasInfo: false, cookie: 4711 });
  });

  it.each([
    ['of another family', (view: DataView) => view.setUint8(0, 1)],
    ['whose attributes are cut', (view: DataView) => view.setUint16(72, 2000, true)],
    ['whose attributes are no attributes', (view: DataView) => view.setUint16(72, 3, true)],
  ])('%s is refused', (_, damage) => {
    const view = ipv4Message();
    damage(view);
    expect(decode(view)).toBeUndefined();
  });

  it('is refused at any length that it cannot have, and never read beyond', () => {
    const whole = new Uint8Array(ipv4Message().buffer);
    for (let length = 0; length < whole.length; length += 1) {
      const reading = decode(new DataView(whole.slice(0, length).buffer));
      // Cut between two attributes it is a message with fewer of them.
      expect(reading === undefined || [72, 72 + 4 + 240].includes(length)).toBe(true);
    }
  });

  it('of any bytes is refused or decoded, and nothing else', () => {
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 500 });
    fc.assert(
      fc.property(bytes, fc.nat(600), fc.nat(600), (noise, begin, end) => {
        if (noise.length > 0) noise[0] = 2;
        const view = new DataView(noise.buffer, noise.byteOffset, noise.length);
        expect(typeof decodeTcpReading(view, begin, end, emptyTcpReading())).toBe('boolean');
      }),
    );
  });
});

describe('a request', () => {
  it('for all sockets asks for those with counters, and for listening ones', () => {
    expect(Buffer.from(dumpRequest(2, 5)).toString('hex')).toBe(
      `48000000${'1400'}${'0103'}05000000${'00000000'}${'02'}${'06'}${'02'}${'00'}${'360f0000'}${'00'.repeat(48)}`,
    );
  });

  it('for what is left of one has its addresses and ports, from this end, and no cookie', () => {
    const reading = decode(ipv4Message()) as TcpReading;
    const id = `01bbc350${'0a000001'}${'00'.repeat(12)}${'0a000002'}${'00'.repeat(12)}00000000ffffffffffffffff`;
    expect(Buffer.from(lookupRequest(reading, 6)).toString('hex')).toBe(
      `48000000${'1400'}${'0100'}06000000${'00000000'}${'02'}${'06'}${'02'}${'00'}${'760f0000'}${id}`,
    );
  });
});
