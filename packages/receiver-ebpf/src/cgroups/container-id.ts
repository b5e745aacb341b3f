/**
 * The container that a cgroup belongs to, by the names that the runtimes give:
 *
 *     containerd   cri-containerd-ID.scope  (systemd)    …/kubepods/burstable/podUID/ID  (cgroupfs)    nerdctl-ID.scope
 *     CRI-O        crio-ID.scope                         …/crio-ID
 *     Docker       docker-ID.scope                       /docker/ID
 *     Podman       libpod-ID.scope[/container]           …/libpod-ID[/container]
 *
 * where ID is 64 hexadecimal digits. `crio-conmon-ID` and `libpod-conmon-ID` are the runtime's own processes beside the
 * container, and not in it.
 */
const CONTAINER_SEGMENT = /^(?:[a-z-]+-)?([0-9a-f]{64})(?:\.scope)?$/;
const MONITOR_SEGMENT = /^[a-z]+-conmon-/;

/** The id of the innermost container on a cgroup's path (containers can run in containers); undefined if there is none. */
export function containerIdOf(cgroupPath: string): string | undefined {
  const segments = cgroupPath.split('/');
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    const segment = segments[index] as string;
    if (MONITOR_SEGMENT.test(segment)) continue;
    const id = CONTAINER_SEGMENT.exec(segment)?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
}
