/**
 * Addresses that an API server which was killed had given to a Service that it did not come to keep, or took from none it
 * had deleted. A controller in it takes them back after minutes (pkg/registry/core/service/ipallocator/controller/repairip.go);
 * the lab, which gives addresses itself, at once.
 */
import { ApiRefusal } from './api-requests.ts';
import type { ControlPlane } from './control-plane.ts';

interface AddressObject {
  readonly spec: { readonly parentRef: { readonly namespace: string; readonly name: string } };
}

interface ServiceSpec {
  readonly spec: { readonly clusterIPs?: readonly string[] };
}

/** Takes back those of the addresses of a Service that no Service has. True if there were any. */
export async function takeBackOrphans(
  controlPlane: ControlPlane,
  addresses: readonly string[],
): Promise<boolean> {
  let wereAny = false;
  for (const address of addresses) {
    const path = `/apis/networking.k8s.io/v1/ipaddresses/${address}`;
    const found = await ifThere(controlPlane.request<AddressObject>('GET', path));
    if (found === undefined) continue;
    const { namespace, name } = found.spec.parentRef;
    const holder = await ifThere(
      controlPlane.request<ServiceSpec>('GET', `/api/v1/namespaces/${namespace}/services/${name}`),
    );
    if (holder?.spec.clusterIPs?.includes(address) === true) continue;
    await ifThere(controlPlane.request('DELETE', path));
    wereAny = true;
  }
  return wereAny;
}

async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === 404) return undefined;
    throw error;
  }
}
