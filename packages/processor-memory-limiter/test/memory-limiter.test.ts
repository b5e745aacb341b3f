import { captureLogger } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { MemoryLimiter } from '../src/memory-limiter.ts';

const MIB = 1024 * 1024;

/** A limiter (soft 400 MiB, hard 500 MiB) whose memory and time a test sets, in MiB and milliseconds. */
function createLimiter(options: { readonly softMinMs?: number; readonly maxMs?: number } = {}) {
  const state = { rssMib: 100, inUseMib: 100, nowMs: 0, gcs: 0, measurements: 0, freedMib: 0 };
  const { logger, lines } = captureLogger();
  const limiter = new MemoryLimiter({
    limits: { softBytes: 400 * MIB, hardBytes: 500 * MIB },
    checkIntervalMs: 1000,
    soft: { minMs: options.softMinMs ?? 1000, maxMs: options.maxMs ?? 30_000 },
    hard: { minMs: 0, maxMs: options.maxMs ?? 30_000 },
    logger,
    read: () => {
      state.measurements += 1;
      return { rssBytes: state.rssMib * MIB, inUseBytes: state.inUseMib * MIB };
    },
    idleBytes: () => 100 * MIB,
    collect: () => {
      state.gcs += 1;
      state.inUseMib -= state.freedMib;
    },
    onGc: () => undefined,
    nowMs: () => state.nowMs,
  });
  return { limiter, state, lines };
}

describe('the memory limiter', () => {
  // With 100 MiB in use while idle and a soft limit of 400, less than 175 in use is next to nothing.
  it.each([
    { rss: 399, inUse: 399, refuses: false, because: 'RSS is below the soft limit' },
    { rss: 400, inUse: 400, refuses: true, because: 'RSS and what is in use are above it' },
    { rss: 450, inUse: 350, refuses: true, because: 'half of what is free does not bring it below' },
    { rss: 450, inUse: 349, refuses: false, because: 'half of what is free does' },
    { rss: 500, inUse: 300, refuses: true, because: 'the higher RSS, the less may be in use' },
    { rss: 500, inUse: 299, refuses: false, because: 'little enough is in use' },
    { rss: 900, inUse: 175, refuses: true, because: 'RSS is far above the limits' },
    {
      rss: 900,
      inUse: 174,
      refuses: false,
      because: 'next to nothing is in use, so refusing would not help',
    },
  ])('with RSS $rss and $inUse in use refuses: $refuses, since $because', ({ rss, inUse, refuses }) => {
    const { limiter, state } = createLimiter();
    state.rssMib = rss;
    state.inUseMib = inUse;
    limiter.check();
    expect(limiter.refuses(0)).toBe(refuses);
    limiter.stop();
  });

  it('tells of the beginning and the end of refusing, once each', () => {
    const { limiter, state, lines } = createLimiter();
    const changes: boolean[] = [];
    const unsubscribe = limiter.onChange((isRefusing) => changes.push(isRefusing));
    for (const mib of [100, 450, 460, 470, 300, 200]) {
      state.rssMib = mib;
      state.inUseMib = mib;
      limiter.check();
    }
    unsubscribe();
    state.rssMib = 450;
    state.inUseMib = 450;
    limiter.check();
    limiter.stop();
    expect(changes).toEqual([true, false]);
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([
      {
        level: 'warn',
        message: 'memory is above the soft limit, refusing data',
        fields: { rss_mib: 450, in_use_mib: 450, soft_limit_mib: 400, limit_mib: 500 },
      },
      {
        level: 'info',
        message: 'memory is within the limits again, taking data',
        fields: { rss_mib: 300, in_use_mib: 300, soft_limit_mib: 400, limit_mib: 500 },
      },
      {
        level: 'warn',
        message: 'memory is above the soft limit, refusing data',
        fields: { rss_mib: 450, in_use_mib: 450, soft_limit_mib: 400, limit_mib: 500 },
      },
    ]);
  });

  it('measures again when as much has arrived as a sixteenth of the distance between the limits', () => {
    const { limiter, state } = createLimiter();
    state.measurements = 0;
    state.rssMib = 450;
    state.inUseMib = 450;
    expect(limiter.refuses(6 * MIB)).toBe(false);
    expect(limiter.refuses(MIB)).toBe(true);
    expect(state.measurements).toBe(1);
    limiter.stop();
  });

  it('while it refuses, looks with the next arrival ten milliseconds later whether that is over', () => {
    const { limiter, state } = createLimiter();
    state.rssMib = 450;
    state.inUseMib = 450;
    limiter.check();
    state.rssMib = 300;
    state.nowMs = 9;
    expect(limiter.refuses(1)).toBe(true);
    state.nowMs = 10;
    expect(limiter.refuses(1)).toBe(false);
    limiter.stop();
  });

  it('admits bodies as long as they would stay below the middle between the limits', () => {
    const { limiter, state } = createLimiter();
    state.rssMib = 300;
    state.inUseMib = 300;
    limiter.check();
    expect([
      limiter.admits(100 * MIB, 0),
      limiter.admits(100 * MIB, 50 * MIB),
      limiter.admits(100 * MIB, 51 * MIB),
      limiter.admits(151 * MIB, 0),
    ]).toEqual([true, true, false, false]);
    limiter.stop();
  });

  it('counts half of the freed memory as free when it admits bodies', () => {
    const { limiter, state } = createLimiter();
    state.rssMib = 480;
    state.inUseMib = 100;
    limiter.check();
    expect([limiter.admits(160 * MIB, 0), limiter.admits(161 * MIB, 0)]).toEqual([true, false]);
    limiter.stop();
  });

  it('admits nothing while it refuses', () => {
    const { limiter, state } = createLimiter();
    state.rssMib = 450;
    state.inUseMib = 450;
    limiter.check();
    expect(limiter.admits(1, 0)).toBe(false);
    limiter.stop();
  });

  it('forces a garbage collection above the soft limit, and decides anew when it has taken effect', async () => {
    const { limiter, state } = createLimiter();
    state.rssMib = 450;
    state.inUseMib = 450;
    state.freedMib = 300;
    const recovered = new Promise<void>((resolve) => {
      limiter.onChange((isRefusing) => {
        if (!isRefusing) resolve();
      });
    });
    // V8 frees what was collected a moment later: until then the limiter goes by what it measured before.
    limiter.check();
    expect([state.gcs, limiter.refuses(0)]).toEqual([1, true]);
    await recovered;
    expect(limiter.refuses(0)).toBe(false);
    limiter.stop();
  });

  it('forces no garbage collection below the soft limit', () => {
    const { limiter, state } = createLimiter();
    for (state.nowMs = 0; state.nowMs < 10_000; state.nowMs += 1000) limiter.check();
    expect(state.gcs).toBe(0);
    limiter.stop();
  });

  it('after stop has no timer left that would measure', async () => {
    const { limiter, state } = createLimiter();
    state.rssMib = 450;
    state.inUseMib = 450;
    limiter.start();
    limiter.stop();
    limiter.stop();
    const { measurements } = state;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(state.measurements).toBe(measurements);
  });
});
