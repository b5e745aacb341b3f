export * from './consumers.ts';
export * from './host.ts';
export * from './settings.ts';
export * from './sink.ts';
