/** Which Service an address and port belong to, and which of its pods took a connection. */
import {
  type AddressKey,
  addressKey,
  type Context,
  endpointKey,
  type KubeService,
  type NetworkTransport,
  type Pairs,
  type Pod,
  pairValue,
  portKey,
} from '@tributary/core';
import { earliestMs, type Flow } from './flow.ts';

/**
 * For how long a Service's only endpoint must have been its only one before a connection began, in milliseconds: nodes take a
 * change up later than the API tells of it.
 */
const SETTLED_MS = 30_000;

/** The Service that answers at an address and port, as of a time. */
export function serviceAt(
  context: Context,
  address: AddressKey,
  port: number,
  transport: NetworkTransport | undefined,
  timeMs: number,
): KubeService | undefined {
  if (transport !== undefined && port > 0) {
    const service = context.endpoints.at(endpointKey(address, port, transport), timeMs);
    if (service !== undefined) return service;
    if (context.nodeAddresses.at(address, timeMs) !== undefined) {
      const atNode = context.nodePorts.at(portKey(port, transport), timeMs);
      if (atNode !== undefined) return atNode;
    }
  }
  return context.serviceAddresses.at(address, timeMs);
}

/** Whether a flow asked for this Service, and not, before anybody saw the flow, for one that had the address until then. */
export function hasAskedFor(
  context: Context,
  service: KubeService,
  flow: Flow,
  address: AddressKey,
  port: number,
): boolean {
  if (flow.hasBegin || flow.observer === undefined) return true;
  return serviceAt(context, address, port, flow.transport, earliestMs(flow)) === service;
}

/**
 * Whether a Service can have sent a connection that began at `beginMs` to `pod` at `address`. Where the API has been late to tell
 * whose the Service's address is by now, those who answer there are others than it selects.
 */
export function canHaveSentTo(
  context: Context,
  service: KubeService,
  pod: Pod | undefined,
  address: AddressKey,
  beginMs: number,
): boolean {
  const { selectors, backends, backendsSince } = service;
  if (pod !== undefined && selectors.length > 0) {
    return selectors.some((selector) => isSelected(selector, pod));
  }
  if (backends.length === 0 || beginMs < backendsSince) return true;
  return backends.some(({ address: text, podUid }) => {
    if (addressKey(text) !== address) return false;
    if (podUid === undefined) return true;
    // A pod that is known, but not to have been there then, has gone from there before the API told of it.
    return pod === undefined ? context.pods.newest(podUid) === undefined : podUid === pod.uid;
  });
}

function isSelected(selector: Pairs, { labels }: Pod): boolean {
  for (let index = 0; index < selector.length; index += 2) {
    if (pairValue(labels, selector[index]!) !== selector[index + 1]) return false;
  }
  return true;
}

/** The pod in the network of its node that a Service names at an address. */
export function hostPodAt(
  context: Context,
  service: KubeService | undefined,
  address: AddressKey,
  timeMs: number,
): Pod | undefined {
  const uids = new Set(
    service?.backends
      .filter((backend) => addressKey(backend.address) === address)
      .map(({ podUid }) => podUid),
  );
  const [uid] = uids;
  // At the time that is asked about: a pod that was made later cannot have taken the connection.
  const pod = uids.size === 1 && uid !== undefined ? context.pods.at(uid, timeMs) : undefined;
  return pod?.hostNetwork === true ? pod : undefined;
}

/** The only pod that can have taken a connection to a Service which began at `beginMs`; undefined unless that is sure. */
export function onlyBackend(context: Context, service: KubeService, beginMs: number): Pod | undefined {
  const [only] = service.backends;
  if (service.backends.length !== 1 || only?.podUid === undefined) return undefined;
  // A change that was not seen yet may have come before the flow.
  const isSettled = service.backendsSince + SETTLED_MS <= beginMs && beginMs < context.sources.staleSince;
  return isSettled ? context.pods.at(only.podUid, beginMs) : undefined;
}
