export * from './component/component.ts';
export * from './component/factory.ts';
export * from './component/logger.ts';
export * from './component/signal.ts';
export * from './component/status.ts';
export * from './errors.ts';
export * from './telemetry/nop.ts';
export * from './telemetry/telemetry.ts';
