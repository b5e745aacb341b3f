/**
 * A Tributary process between clients of all kinds and a backend, for as long as one likes. Good clients send all the
 * time and must be served; bad ones come, go, reset, stall, send halves and flood. When all of them have gone, the
 * process must hold what it held before, and must have counted what it refused.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from '@tributary/testkit';
import { type Backend, startBackend } from './backend.ts';
import { runGoodClient, type Served } from './good-client.ts';
import { GRPC_MISCHIEF } from './grpc-mischief.ts';
import { HTTP_MISCHIEF } from './http-mischief.ts';
import { Ledger } from './ledger.ts';
import { inWords, MemoryLog, type MemorySample } from './memory-log.ts';
import type { Mischief, MischiefContext } from './mischief.ts';
import type { Holdings } from './probe.ts';
import { SoakSubject, type Target } from './subject.ts';
import { TLS_MISCHIEF } from './tls-mischief.ts';

/** How long the process has to let go of what is over, in milliseconds: closed connections linger for some seconds. */
const SETTLE_MS = 60_000;
const SETTLE_CHECK_MS = 500;
const STEADY_CHECKS = 4;

export interface SoakOptions {
  /** How long the load lasts that brings the process to its working size, before the first measurement. */
  readonly warmUpMs: number;
  /** How long the load lasts after it, in as many rounds; after each the process is measured at rest. */
  readonly durationMs: number;
  readonly rounds: number;
  /** Bad clients that begin in a second. */
  readonly mischiefPerSecond: number;
  /** How many bad clients there are at once, at most. */
  readonly maxMischief: number;
  /** How long a bad client stands still. */
  readonly stallMs: number;
  /** How long good clients wait between two requests. */
  readonly pauseMs: number;
  readonly seed: number;
  /** Only bad clients whose names hold this. */
  readonly only?: string;
  /** How often memory is written down, in milliseconds. */
  readonly sampleMs: number;
  /** Told of the state with each sample. */
  readonly onProgress?: (line: string) => void;
}

/** What the process holds at rest. */
export interface AtRest extends Holdings {
  readonly openFiles: number;
  readonly rssBytes: number;
}

export interface SoakResult {
  /** After the warm-up. */
  readonly before: AtRest;
  /** After each round; there is at least one. */
  readonly rests: readonly AtRest[];
  readonly peakRssBytes: number;
  /** Memory under load, since the warm-up. */
  readonly samples: readonly MemorySample[];
  readonly served: Served;
  /** How often each kind of mischief was done. */
  readonly mischief: Readonly<Record<string, number>>;
  /** What bad clients were not answered as they should be, and counters that are not as they should be. */
  readonly findings: readonly string[];
}

/** Runs it. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const backend = await startBackend();
  const subject = await SoakSubject.start(backend).catch(async (error: unknown) => {
    await backend.close();
    throw error;
  });
  try {
    const run = new SoakRun(subject, options);
    const tell = (held: AtRest): void =>
      options.onProgress?.(`${new Date().toISOString()} at rest ${restInWords(held)}`);
    await run.load(backend, options.warmUpMs);
    const before = await rest(subject);
    tell(before);
    const rests: AtRest[] = [];
    const logs: MemoryLog[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      logs.push(await run.load(backend, options.durationMs / options.rounds));
      const held = await rest(subject, before);
      rests.push(held);
      tell(held);
    }
    const findings = [...run.findings, ...run.ledger.differences(await counted(subject)), ...subject.errors];
    const { served, mischief } = run;
    const samples = logs.flatMap((log) => log.samples);
    const peakRssBytes = Math.max(...logs.map((log) => log.peakRssBytes));
    return { before, rests, peakRssBytes, samples, served, mischief, findings };
  } finally {
    await subject.stop();
    await backend.close();
  }
}

/** A load that can be interrupted and goes on. */
class SoakRun {
  readonly ledger = new Ledger();
  readonly served: Served = { taken: 0, lost: 0, repeated: 0, failures: [], longestMs: 0 };
  readonly mischief: Record<string, number> = {};
  readonly findings: string[] = [];
  readonly #subject: SoakSubject;
  readonly #options: SoakOptions;
  readonly #plan: readonly (readonly [Target, Mischief])[];
  readonly #context: MischiefContext;
  #next = 0;
  #lastNumber = 0;
  #toldFailures = 0;
  #toldFindings = 0;

  constructor(subject: SoakSubject, options: SoakOptions) {
    this.#subject = subject;
    this.#options = options;
    this.#plan = subject.targets
      .flatMap((target) => mischiefOf(target).map((mischief) => [target, mischief] as const))
      .filter(([target, mischief]) => nameOf(target, mischief).includes(options.only ?? ''));
    this.#context = { stallMs: options.stallMs, random: randomFrom(options.seed) };
  }

  async load(backend: Backend, durationMs: number): Promise<MemoryLog> {
    const end = new AbortController();
    const good = this.#subject.targets.map((target) =>
      runGoodClient(
        target,
        backend,
        {
          pauseMs: this.#options.pauseMs,
          nextNumber: () => ++this.#lastNumber,
          signal: end.signal,
        },
        this.served,
      ),
    );
    const underWay = new Set<Promise<void>>();
    const { mischiefPerSecond, maxMischief } = this.#options;
    const memory = new MemoryLog(this.#subject, this.#options.sampleMs);
    const startMs = performance.now();
    for (let begun = 0; performance.now() - startMs < durationMs; ) {
      const due = ((performance.now() - startMs) / 1000) * mischiefPerSecond;
      for (; begun < due; begun += 1) {
        if (underWay.size >= maxMischief) continue;
        const one = this.#doNext().finally(() => underWay.delete(one));
        underWay.add(one);
      }
      const sample = await memory.look();
      if (sample !== undefined) this.#report(sample, underWay.size);
      await delay(50);
    }
    end.abort();
    await Promise.all([...good, ...underWay]);
    return memory;
  }

  /** One after the other, so that each is done as often as the others. */
  async #doNext(): Promise<void> {
    const [target, mischief] = this.#plan[this.#next++ % this.#plan.length]!;
    const name = nameOf(target, mischief);
    this.mischief[name] = (this.mischief[name] ?? 0) + 1;
    this.ledger.expect(mischief.counted, mischief.maybeCounted);
    try {
      await mischief.run(target, this.#context);
    } catch (error) {
      this.findings.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #report(sample: MemorySample, underWay: number): void {
    const { taken, failures, longestMs } = this.served;
    const state = `${taken} requests taken, ${failures.length} not, the longest took ${Math.round(longestMs)} ms`;
    this.#options.onProgress?.(
      `${new Date().toISOString()} ${inWords(sample)}; ${this.#subject.openFiles} open files, ${underWay} bad clients; ${state}; ${this.findings.length} findings`,
    );
    const news = [...failures.slice(this.#toldFailures), ...this.findings.slice(this.#toldFindings)];
    for (const problem of news) this.#options.onProgress?.(`  ${problem}`);
    this.#toldFailures = failures.length;
    this.#toldFindings = this.findings.length;
  }
}

function nameOf(target: Target, mischief: Mischief): string {
  return `${target.protocol}${target.tls ? '/tls' : ''}: ${mischief.name}`;
}

function mischiefOf(target: Target): readonly Mischief[] {
  const own = target.protocol === 'grpc' ? GRPC_MISCHIEF : HTTP_MISCHIEF;
  return target.tls === undefined ? own : [...own, ...TLS_MISCHIEF];
}

function restInWords({ rssBytes, heapBytes, native, openFiles }: AtRest): string {
  const [rss, heap, malloc] = [rssBytes, heapBytes, native?.inUseBytes ?? 0].map((bytes) =>
    (bytes / 1024 ** 2).toFixed(2),
  );
  return `${rss} MiB resident, heap ${heap}, malloc ${malloc} in use; ${openFiles} open files`;
}

/** Waits until the process holds no more than `before`, or no longer less and less; gives what it holds. */
async function rest(subject: SoakSubject, before?: AtRest): Promise<AtRest> {
  const untilMs = performance.now() + SETTLE_MS;
  let now = await holdings(subject);
  let steadyChecks = 0;
  while (performance.now() < untilMs && steadyChecks < STEADY_CHECKS) {
    await delay(SETTLE_CHECK_MS);
    const last = now;
    now = await holdings(subject);
    const isSteady =
      now.openFiles === last.openFiles &&
      now.objects['connections'] === 0 &&
      now.objects['httpConnections'] === 0 &&
      (before === undefined || now.openFiles <= before.openFiles);
    steadyChecks = isSteady ? steadyChecks + 1 : 0;
  }
  return now;
}

async function holdings(subject: SoakSubject): Promise<AtRest> {
  const held = await subject.holdings();
  return { ...held, openFiles: subject.openFiles, rssBytes: subject.rssBytes };
}

/** What it counted, by the keys of `Mischief`. */
async function counted(subject: SoakSubject): Promise<Record<string, number>> {
  const refused = await subject.counts('otelcol_receiver_otlp_refused_requests', ['transport', 'reason']);
  const ended = await subject.counts('otelcol_receiver_otlp_ended_connections', ['reason']);
  const prefixed = (prefix: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([key, count]) => [`${prefix}/${key}`, count] as const);
  return Object.fromEntries([...prefixed('refused', refused), ...prefixed('ended', ended)]);
}
