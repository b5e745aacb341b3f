export { examineParts } from './doctor/examine-parts.ts';
export type { Finding, PartReport } from './doctor/part.ts';
export { ebpfReceiver } from './factory.ts';
