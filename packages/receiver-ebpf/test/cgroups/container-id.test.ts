import { describe, expect, it } from 'vitest';
import { containerIdOf } from '../../src/cgroups/container-id.ts';

const ID = '3f29a1d0c5b87e6f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f';
const INNER = 'f'.repeat(64);
const POD = 'pod1b2c3d4e_0000_4444_8888_aaaabbbbcccc';

describe('containerIdOf', () => {
  it.each([
    [
      'containerd, systemd',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${POD}.slice/cri-containerd-${ID}.scope`,
    ],
    ['containerd, cgroupfs', `/kubepods/burstable/${POD}/${ID}`],
    ['nerdctl', `/system.slice/nerdctl-${ID}.scope`],
    ['CRI-O, systemd', `/kubepods.slice/kubepods-${POD}.slice/crio-${ID}.scope`],
    ['CRI-O, cgroupfs', `/kubepods/${POD}/crio-${ID}`],
    ['CRI-O with its container below', `/kubepods.slice/kubepods-${POD}.slice/crio-${ID}.scope/container`],
    ['Docker, systemd', `/system.slice/docker-${ID}.scope`],
    ['Docker, cgroupfs', `/docker/${ID}`],
    ['Podman', `/machine.slice/libpod-${ID}.scope/container`],
    [
      'rootless Podman',
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
    ],
    ['systemd in a container', `/docker/${ID}/init.scope`],
    ['a container in a container', `/docker/${INNER}/kubepods/besteffort/${POD}/${ID}`],
  ])('finds that of %s', (_, path) => {
    expect(containerIdOf(path)).toBe(ID);
  });

  it.each([
    ['the root', '/'],
    ['a service', '/system.slice/ssh.service'],
    ['the pod without a container', `/kubepods/burstable/${POD}`],
    ["CRI-O's monitor", `/system.slice/crio-conmon-${ID}.scope`],
    ["Podman's monitor", `/machine.slice/libpod-conmon-${ID}.scope`],
    ['63 digits', `/docker/${ID.slice(1)}`],
    ['65 digits', `/docker/${ID}0`],
    ['upper case', `/docker/${ID.toUpperCase()}`],
  ])('finds none in %s', (_, path) => {
    expect(containerIdOf(path)).toBeUndefined();
  });
});
