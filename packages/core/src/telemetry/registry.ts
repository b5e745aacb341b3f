import type { ComponentKind } from '../component/factory.ts';
import { PipelineError } from '../errors.ts';
import { type Declaration, Instrument, type InstrumentMeter } from './instrument.ts';
import { isLevelEnabled, type MetricsLevel } from './level.ts';
import { nopTelemetry } from './nop.ts';
import { type MetricReading, readInstrument } from './reading.ts';
import type { HistogramValue } from './series.ts';
import type { ComponentTelemetry, InstrumentOptions, SeriesAttributes } from './telemetry.ts';

/** A component's telemetry together with the end of it. */
export interface OwnedTelemetry extends ComponentTelemetry {
  /** Ends the reading of what is read here; counters keep what they counted. */
  close(): void;
}

/** All series by name and attributes, `otelcol_exporter_sent_spans{exporter="otlp"}`, sorted. */
export type TelemetrySnapshot = Readonly<Record<string, number | HistogramValue>>;

/**
 * The process's self-telemetry: every component's counters, gauges and histograms. Counting is one addition to a
 * plain number; the numbers are read when the OpenTelemetry meter to which the registry is bound collects them.
 * Counters live as long as the process, so that they only grow when a component is restarted.
 */
export class TelemetryRegistry {
  readonly level: MetricsLevel;
  readonly #instruments = new Map<string, Instrument>();
  #meter: InstrumentMeter | undefined;
  #unbind: (() => void)[] = [];

  constructor(options: { readonly level?: MetricsLevel } = {}) {
    this.level = options.level ?? 'normal';
  }

  /** The telemetry of one component; each series carries `{ [kind]: id }`. */
  component(kind: ComponentKind, id: string): OwnedTelemetry {
    return this.#telemetry({ [kind]: id });
  }

  /** The telemetry of the process itself, without a component's id. */
  process(): OwnedTelemetry {
    return this.#telemetry({});
  }

  /**
   * Makes everything here, now and later, part of what `meter` (of an OpenTelemetry SDK) collects, in place of the
   * meter before it. Returns the function that ends it.
   */
  bind(meter: InstrumentMeter): () => void {
    this.#release();
    this.#meter = meter;
    for (const instrument of this.#instruments.values()) this.#unbind.push(instrument.bind(meter));
    return () => {
      if (this.#meter === meter) this.#release();
    };
  }

  /** Every metric, in the order of their declaration. */
  instruments(): Iterable<Instrument> {
    return this.#instruments.values();
  }

  /** Reads every metric, by name, for an exposition that needs no meter. */
  readings(): MetricReading[] {
    return [...this.#instruments.values()].map(readInstrument).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Everything that was counted up to now, for tests and for pages that show it. What is zero is left out. */
  snapshot(): TelemetrySnapshot {
    const values: [string, number | HistogramValue][] = [];
    for (const instrument of this.#instruments.values()) {
      for (const [key, series] of instrument.series) {
        const value = series.value();
        const isZero = typeof value === 'object' ? value.count === 0 : value === 0;
        if (value !== undefined && !isZero) values.push([instrument.name + key, value]);
      }
    }
    return Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #telemetry(owner: SeriesAttributes): OwnedTelemetry {
    const closers: (() => void)[] = [];
    const isKept = (options: InstrumentOptions): boolean =>
      isLevelEnabled(this.level, options.level ?? 'basic');
    const observe =
      (kind: 'observable counter' | 'gauge'): ComponentTelemetry['gauge'] =>
      (name, options, read, attributes) => {
        if (!isKept(options)) return;
        const { readers } = this.#instrument(name, { kind, options }).observed({ ...owner, ...attributes });
        readers.add(read);
        closers.push(() => readers.delete(read));
      };
    return {
      counter: (name, options, attributes) => {
        if (!isKept(options)) return nopTelemetry.counter(name, options);
        return this.#instrument(name, { kind: 'counter', options }).counter({ ...owner, ...attributes });
      },
      observableCounter: observe('observable counter'),
      gauge: observe('gauge'),
      histogram: (name, options, attributes) => {
        if (!isKept(options)) return nopTelemetry.histogram(name, options);
        return this.#instrument(name, { kind: 'histogram', options }).histogram({ ...owner, ...attributes });
      },
      close: () => {
        for (const close of closers.splice(0)) close();
      },
    };
  }

  #instrument(name: string, declaration: Declaration): Instrument {
    const found = this.#instruments.get(name);
    if (found === undefined) {
      const instrument = new Instrument(name, declaration);
      this.#instruments.set(name, instrument);
      if (this.#meter !== undefined) this.#unbind.push(instrument.bind(this.#meter));
      return instrument;
    }
    if (found.declaration.kind !== declaration.kind) {
      throw new PipelineError(
        'TELEMETRY_CONFLICT',
        `metric ${name}: declared as ${article(declaration.kind)} (it is already ${article(found.declaration.kind)}). ` +
          'Give the new one another name.',
      );
    }
    return found;
  }

  #release(): void {
    this.#meter = undefined;
    for (const unbind of this.#unbind.splice(0)) unbind();
  }
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
