/**
 * The names of cgroups, as the kubelet and the runtimes make them. In the systemd driver's names a slice has its parents'
 * names in its own and a dash separates them, so that the dashes of a UID become underscores.
 *
 * Kubelet: pkg/kubelet/cm/cgroup_manager_linux.go (ToSystemd), pod_container_manager_linux.go.
 */
import type { CgroupDriver, QosClass, Runtime } from './description.ts';

/** What a container's cgroup is named after. */
export interface CgroupNaming {
  readonly driver: CgroupDriver;
  readonly runtime: Runtime;
  readonly qos: QosClass;
  readonly podUid: string;
  readonly containerId: string;
  /** Whether the node is a container of kind, whose kubelet has its root one level deeper. */
  readonly inKind: boolean;
}

const SCOPE_PREFIXES: Readonly<Record<Runtime, string>> = {
  containerd: 'cri-containerd-',
  'cri-o': 'crio-',
  docker: 'docker-',
  podman: 'libpod-',
};

/** The path of a container's cgroup below the one that the kubelet, or the runtime, has its root in. */
export function containerCgroupPath(naming: CgroupNaming): string {
  const { driver, runtime, containerId } = naming;
  const scope = `${SCOPE_PREFIXES[runtime]}${containerId}.scope`;
  switch (runtime) {
    case 'docker':
      return driver === 'systemd' ? `system.slice/${scope}` : `docker/${containerId}`;
    case 'podman':
      // crun puts the container's processes a level below the scope.
      return driver === 'systemd'
        ? `machine.slice/${scope}/container`
        : `libpod_parent/libpod-${containerId}`;
    case 'cri-o':
      return `${podCgroupPath(naming)}/${driver === 'systemd' ? scope : `crio-${containerId}`}`;
    case 'containerd':
      return `${podCgroupPath(naming)}/${driver === 'systemd' ? scope : containerId}`;
  }
}

/** The cgroup in which the Docker container of a kind node is, below the machine's root. */
export function kindNodePath(driver: CgroupDriver, nodeId: string): string {
  return driver === 'systemd' ? `system.slice/docker-${nodeId}.scope` : `docker/${nodeId}`;
}

function podCgroupPath({ driver, qos, podUid, inKind }: CgroupNaming): string {
  // The class guaranteed has no folder of its own.
  const names = [
    ...(inKind ? ['kubelet'] : []),
    'kubepods',
    ...(qos === 'guaranteed' ? [] : [qos]),
    `pod${podUid}`,
  ];
  if (driver === 'cgroupfs') return names.join('/');
  const escaped = names.map((name) => name.replaceAll('-', '_'));
  return escaped.map((_, index) => `${escaped.slice(0, index + 1).join('-')}.slice`).join('/');
}
