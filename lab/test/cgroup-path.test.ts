import { describe, expect, it } from 'vitest';
import { type CgroupNaming, containerCgroupPath, kindNodePath } from '../src/cgroup-path.ts';

const UID = '1b4e28ba-2fa1-11d2-883f-0016d3cca427';
const UNDERSCORED = '1b4e28ba_2fa1_11d2_883f_0016d3cca427';
const ID = '0123456789abcdef'.repeat(4);
const naming = (differences: Partial<CgroupNaming>): CgroupNaming => ({
  driver: 'systemd',
  runtime: 'containerd',
  qos: 'burstable',
  podUid: UID,
  containerId: ID,
  inKind: false,
  ...differences,
});

describe("a container's cgroup", () => {
  it.each<[Partial<CgroupNaming>, string]>([
    [
      {},
      `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
    ],
    [
      { qos: 'besteffort', runtime: 'cri-o' },
      `kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDERSCORED}.slice/crio-${ID}.scope`,
    ],
    [{ qos: 'guaranteed' }, `kubepods.slice/kubepods-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`],
    [{ driver: 'cgroupfs' }, `kubepods/burstable/pod${UID}/${ID}`],
    [{ driver: 'cgroupfs', qos: 'guaranteed' }, `kubepods/pod${UID}/${ID}`],
    [{ driver: 'cgroupfs', runtime: 'cri-o' }, `kubepods/burstable/pod${UID}/crio-${ID}`],
    [
      { inKind: true, qos: 'guaranteed' },
      `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
    ],
    [{ inKind: true, driver: 'cgroupfs' }, `kubelet/kubepods/burstable/pod${UID}/${ID}`],
    [{ runtime: 'docker' }, `system.slice/docker-${ID}.scope`],
    [{ runtime: 'docker', driver: 'cgroupfs' }, `docker/${ID}`],
    [{ runtime: 'podman' }, `machine.slice/libpod-${ID}.scope/container`],
    [{ runtime: 'podman', driver: 'cgroupfs' }, `libpod_parent/libpod-${ID}`],
  ])('of %o is %s', (differences, path) => {
    expect(containerCgroupPath(naming(differences))).toBe(path);
  });

  it('of a kind node is that of a Docker container', () => {
    expect([kindNodePath('systemd', ID), kindNodePath('cgroupfs', ID)]).toEqual([
      `system.slice/docker-${ID}.scope`,
      `docker/${ID}`,
    ]);
  });
});
