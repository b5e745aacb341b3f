export * from './cluster.ts';
export type { Container } from './container.ts';
export { kernelCounters } from './counters.ts';
export * from './description.ts';
export { freePort } from './free-port.ts';
export * from './impairments.ts';
export { ApiRefusal } from './kubernetes/api-requests.ts';
export { kubernetesProblems } from './kubernetes/assets.ts';
export * from './kubernetes/control-plane.ts';
export {
  type FaultProxy,
  type FaultScope,
  type OrderedFault,
  startFaultProxy,
} from './kubernetes/fault-proxy.ts';
export * from './kubernetes/faults.ts';
export type { Holders } from './kubernetes/holders.ts';
export { REGION } from './kubernetes/objects.ts';
export * from './kubernetes/registered-cluster.ts';
export type { LabProcess, ProcessEnd } from './lab-process.ts';
export { load, startLoad } from './load.ts';
export { clusterMap } from './map.ts';
export type { Link, Namespace } from './network.ts';
export type { Pod } from './pod.ts';
export type { AppCounts, AppOptions, CallCounts } from './programs/app-options.ts';
export type { LoadOptions, LoadReport } from './programs/load-options.ts';
export type { PeerCall, PeerOrders } from './programs/peer-messages.ts';
export { labProblems } from './requirements.ts';
export { type Output, type RunOptions, run } from './run.ts';
export { takeDownLeftovers } from './teardown.ts';
export * from './workloads/app.ts';
export * from './workloads/exchange.ts';
export * from './workloads/haproxy.ts';
export * from './workloads/nginx.ts';
export * from './workloads/peer.ts';
export * from './workloads/redis.ts';
