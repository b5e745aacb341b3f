export * from './bpf-map.ts';
export * from './bpf-object.ts';
export * from './bpf-program.ts';
export * from './btf.ts';
export * from './capabilities.ts';
export { countCgroupPrograms, UDP_SENDMSG_HOOKS } from './cgroup-programs.ts';
export * from './clock.ts';
export * from './errno.ts';
export * from './iterator.ts';
export * from './layout.ts';
export * from './machine.ts';
export * from './mounts.ts';
export * from './netlink-messages.ts';
export * from './netlink-socket.ts';
export {
  type FoundNamespaces,
  inNetworkNamespace,
  type NetworkNamespace,
  networkNamespaces,
} from './network-namespaces.ts';
export * from './prebuilt.ts';
export * from './probe.ts';
export * from './program-counters.ts';
export * from './program-stats.ts';
export * from './ring-buffer.ts';
export * from './uint64.ts';
