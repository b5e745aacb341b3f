export { ebpfReceiver } from './factory.ts';
