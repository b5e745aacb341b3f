/**
 * What the path of a cgroup tells: the container, its pod, or the systemd unit, by the names that the runtimes give:
 *
 *     containerd   cri-containerd-ID.scope  (systemd)   …/podUID/ID        (cgroupfs)   nerdctl-ID.scope
 *     CRI-O        crio-ID.scope[/container]            …/podUID/crio-ID
 *     Docker       docker-ID.scope                      /docker/ID
 *     Podman       libpod-ID.scope[/container]          …/libpod-ID         libpod-payload-ID
 *     runc that was told a systemd path and uses cgroupfs:   SLICE:RUNTIME:ID
 *     kubelet      kubepods[-burstable|-besteffort]-podUID.slice, with _ for - in the UID      kubepods[/QOS]/podUID
 *
 * where ID is 64 hexadecimal digits, and UID a UUID, or the 32 digits of a static pod's hash. Only names that are known
 * count: what some other program calls a cgroup is no container. `crio-conmon-ID` and `libpod-conmon-ID` are the runtime's
 * own processes beside the container.
 */

/** What a path tells. */
export interface CgroupFacts {
  /** The id of the innermost container; undefined: it is in none. */
  readonly containerId: string | undefined;
  /** The UID of the innermost pod that holds that container, or this cgroup where there is no container. */
  readonly podUid: string | undefined;
  /** The unit of the system's systemd, such as `nginx.service`; undefined in a container. */
  readonly unit: string | undefined;
  /** The unit of a user's systemd, inside the unit `user@UID.service`. */
  readonly userUnit: string | undefined;
}

const CONTAINER =
  /^(?:(?:[^:]*:)?(?:cri-containerd|containerd|nerdctl|crio|docker|libpod|libpod-payload|podman)[-:])?([0-9a-f]{64})(?:\.scope)?$/;

/** A pod of Podman has a cgroup of this form as well, in which its containers are `libpod-ID`. */
const BARE_ID = /^[0-9a-f]{64}$/;
const PODMAN_PARENT = 'libpod_parent';

const POD =
  /^(?:[a-z0-9-]*kubepods(?:-burstable|-besteffort)?-)?pod([0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}|[0-9a-f]{32})(?:\.slice(?::[^:]+:[0-9a-f]{64})?)?$/;

/** Names of units (systemd.unit(5)); a process is in the cgroup of one of these kinds. */
const SLICE = /^[\w:.\\@-]+\.slice$/;
const UNIT = /^[\w:.\\@-]+\.(?:service|scope|mount|socket|swap)$/;
const USER_MANAGER = /^user@[0-9]+\.service$/;
const LONGEST_UNIT = 255;

/** Reads a path in which `/` is the root of the hierarchy. Total: a path that says nothing gives undefined for all. */
export function cgroupFacts(path: string): CgroupFacts {
  const segments = path.split('/');
  const at = containerSegment(segments);
  const containerId = at < 0 ? undefined : CONTAINER.exec(segments[at] as string)?.[1];
  const podUid = podAbove(segments, at < 0 ? segments.length - 1 : at);
  if (containerId !== undefined) return { containerId, podUid, unit: undefined, userUnit: undefined };
  return { containerId, podUid, ...unitsOf(segments) };
}

/** Containers can run in containers: the last on the path counts. */
function containerSegment(segments: readonly string[]): number {
  for (let index = segments.length - 1; index > 0; index -= 1) {
    const segment = segments[index] as string;
    if (!CONTAINER.test(segment)) continue;
    if (segments[index - 1] === PODMAN_PARENT && BARE_ID.test(segment)) continue;
    return index;
  }
  return -1;
}

/** The last pod at or above the segment `from`; a segment of the form SLICE:RUNTIME:ID has both. */
function podAbove(segments: readonly string[], from: number): string | undefined {
  for (let index = from; index > 0; index -= 1) {
    const uid = POD.exec(segments[index] as string)?.[1];
    if (uid !== undefined) return uid.replaceAll('_', '-');
  }
  return undefined;
}

/**
 * The units as systemd itself finds them (sd_pid_get_unit): the first after the slices; inside a user's manager again.
 * What a unit has below it is its own affair, a machine with a systemd of its own for one.
 */
function unitsOf(segments: readonly string[]): Pick<CgroupFacts, 'unit' | 'userUnit'> {
  const at = firstBelowSlices(segments, 1);
  const unit = unitName(segments[at]);
  if (unit === undefined || !USER_MANAGER.test(unit)) return { unit, userUnit: undefined };
  return { unit, userUnit: unitName(segments[firstBelowSlices(segments, at + 1)]) };
}

function firstBelowSlices(segments: readonly string[], from: number): number {
  let index = from;
  while (SLICE.test(segments[index] ?? '')) index += 1;
  return index;
}

/** systemd puts a `_` before a name that could be a file of the kernel's, such as `cpu.service`, or begins with one. */
function unitName(segment: string | undefined): string | undefined {
  if (segment === undefined || segment.length > LONGEST_UNIT || !UNIT.test(segment)) return undefined;
  return segment.startsWith('_') ? segment.slice(1) : segment;
}
