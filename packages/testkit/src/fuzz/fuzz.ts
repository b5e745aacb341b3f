/**
 * A fuzzer that is guided by what becomes of its inputs: a target says in a word or two what an input came to (which error, which
 * frames, which answers), and an input that comes to something new is kept and changed further. Coverage would be a finer guide, but
 * V8 tells it by a walk over its whole heap, which takes as long as some thousand inputs; and what there is for libFuzzer needs
 * native code that is not built for each Node.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { mutate } from './mutate.ts';
import { randomFrom } from './random.ts';

/** Something that takes bytes of others. */
export interface FuzzTarget {
  readonly name: string;
  /** Good inputs, and others to begin with. */
  readonly seeds: readonly Uint8Array[];
  /** Pieces that mean something in this format. */
  readonly tokens: readonly Uint8Array[];
  /**
   * Takes an input and says what it came to; throws if something is as it must not be. The same input does the same each time.
   */
  run(input: Buffer): string;
  /** Called when the inputs before it are done with: throws if one of them left something behind. */
  check?(): void | Promise<void>;
}

/** An input at which the target failed. */
export interface FuzzFind {
  readonly input: Buffer;
  readonly error: unknown;
}

export interface FuzzResult {
  readonly runs: number;
  /** Different things that inputs came to. */
  readonly outcomes: number;
  /** Inputs that each came to something that none before came to. */
  readonly kept: number;
  /** One for each place that fails. */
  readonly finds: readonly FuzzFind[];
}

export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
  /** Told twenty times how far it is. */
  readonly onProgress?: (line: string) => void;
}

/** Inputs between two turns of the event loop. */
const BATCH = 200;
/** What is kept at most; beyond it a new input takes the place of any other. */
const MAX_KEPT = 4000;
/** Beyond it nothing is new any more. */
const MAX_OUTCOMES = 100_000;
const MAX_FINDS = 20;
/** An input that takes longer is one to look at. The machine may have been busy: slow is what is slow four times. */
const SLOW_MS = 500;
const SLOW_REPEATS = 3;
const PROGRESS_LINES = 20;

/** Runs a target; it goes on after finds, up to twenty. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const { runs, seed, onProgress } = options;
  const fuzzer = new Fuzzer(target, seed);
  await fuzzer.begin();
  let done = 0;
  for (let told = 0; done < runs && !fuzzer.isFull; ) {
    const count = Math.min(BATCH, runs - done);
    await fuzzer.runBatch(count);
    done += count;
    if (done - told < runs / PROGRESS_LINES) continue;
    told = done;
    onProgress?.(`${target.name}: ${done} inputs, ${fuzzer.outcomes} outcomes, ${fuzzer.finds.length} finds`);
  }
  return { runs: done, outcomes: fuzzer.outcomes, kept: fuzzer.kept, finds: fuzzer.finds };
}

class Fuzzer {
  readonly #target: FuzzTarget;
  readonly #random: (limit: number) => number;
  readonly #corpus: Buffer[];
  readonly #outcomes = new Set<string>();
  readonly #finds = new Map<string, FuzzFind>();

  constructor(target: FuzzTarget, seed: number) {
    this.#target = target;
    this.#random = randomFrom(seed);
    this.#corpus = target.seeds.map((bytes) => Buffer.from(bytes));
  }

  get outcomes(): number {
    return this.#outcomes.size;
  }

  get kept(): number {
    return this.#corpus.length;
  }

  get finds(): readonly FuzzFind[] {
    return [...this.#finds.values()];
  }

  get isFull(): boolean {
    return this.#finds.size >= MAX_FINDS;
  }

  /** Runs what the target begins with; of those that come to the same, one stays. */
  begin(): Promise<void> {
    return this.#runAll(this.#corpus.splice(0));
  }

  async runBatch(count: number): Promise<void> {
    const { tokens } = this.#target;
    const material = { corpus: this.#corpus, tokens };
    await this.#runAll(Array.from({ length: count }, () => mutate(material, this.#random)));
  }

  async #runAll(inputs: readonly Buffer[]): Promise<void> {
    for (const input of inputs) this.#runOne(input);
    try {
      await this.#settle();
    } catch {
      // Which of them it was is seen when each is alone.
      for (const input of inputs) {
        this.#runOne(input);
        await this.#settle().catch((error: unknown) => this.#found(input, error));
      }
    }
  }

  async #settle(): Promise<void> {
    // What inputs have left for later turns of the event loop.
    await turn();
    await this.#target.check?.();
  }

  #runOne(input: Buffer): void {
    const startMs = performance.now();
    try {
      this.#keepIfNew(input, this.#target.run(input));
    } catch (error) {
      this.#found(input, error);
    }
    if (performance.now() - startMs > SLOW_MS) this.#checkSpeed(input);
  }

  #keepIfNew(input: Buffer, outcome: string): void {
    if (this.#outcomes.size >= MAX_OUTCOMES || this.#outcomes.has(outcome)) return;
    this.#outcomes.add(outcome);
    if (this.#corpus.length < MAX_KEPT) this.#corpus.push(input);
    else this.#corpus[this.#random(MAX_KEPT)] = input;
  }

  #checkSpeed(input: Buffer): void {
    for (let count = 0; count < SLOW_REPEATS; count += 1) {
      const startMs = performance.now();
      try {
        this.#target.run(input);
      } catch {
        return;
      }
      if (performance.now() - startMs < SLOW_MS) return;
    }
    this.#found(input, new Error(`it takes more than ${SLOW_MS} ms`));
  }

  #found(input: Buffer, error: unknown): void {
    const place = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const key = place.split('\n').slice(0, 3).join('\n').replaceAll(/\d+/g, '0');
    if (!this.#finds.has(key) && !this.isFull) this.#finds.set(key, { input: Buffer.from(input), error });
  }
}
