import type { ComponentKind, Factory } from '../component/factory.ts';
import type { Signal } from '../component/signal.ts';
import type { TelemetryConfig } from './telemetry-config.ts';

/** A component that the configuration defines, whether or not a pipeline names it. */
export interface ComponentConfig {
  /** `type` or `type/name`, as the configuration spells it (a deprecated alias stays as written). */
  readonly id: string;
  readonly factory: Factory;
  /** What the factory's schema made of the block: checked, with defaults, frozen. */
  readonly config: unknown;
}

/** One pipeline of `service::pipelines`. */
export interface PipelineConfig {
  /** `signal` or `signal/name`. */
  readonly id: string;
  readonly signal: Signal;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** A configuration in which every reference and every block has been checked. */
export interface ResolvedConfig {
  /** The folder against which relative paths are resolved: that of the first file, else the working directory. */
  readonly configDir: string;
  readonly components: Readonly<Record<ComponentKind, ReadonlyMap<string, ComponentConfig>>>;
  readonly extensions: readonly string[];
  readonly pipelines: readonly PipelineConfig[];
  readonly telemetry: TelemetryConfig;
  /** How many worker threads have a copy of what may be copied; 1 is none beside the main thread. */
  readonly workers: number;
}
