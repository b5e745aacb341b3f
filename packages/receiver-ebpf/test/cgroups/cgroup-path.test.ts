import { describe, expect, it } from 'vitest';
import { cgroupFacts } from '../../src/cgroups/cgroup-path.ts';

const ID = '3f29a1d0c5b87e6f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f';
const OTHER = 'f'.repeat(64);
const UID = '1b2c3d4e-0000-4444-8888-aaaabbbbcccc';
const OTHER_UID = '99999999-0000-4444-8888-aaaabbbbcccc';
const STATIC_UID = '0123456789abcdef0123456789abcdef';
const under = (uid: string): string => uid.replaceAll('-', '_');
const SLICE = `kubepods-burstable-pod${under(UID)}.slice`;
const SYSTEMD_POD = `/kubepods.slice/kubepods-burstable.slice/${SLICE}`;
const NOTHING = { containerId: undefined, podUid: undefined, unit: undefined, userUnit: undefined };

describe('cgroupFacts finds the container and its pod', () => {
  it.each([
    ['containerd, systemd', `${SYSTEMD_POD}/cri-containerd-${ID}.scope`, UID],
    ['containerd, cgroupfs', `/kubepods/burstable/pod${UID}/${ID}`, UID],
    ['a guaranteed pod, systemd', `/kubepods.slice/kubepods-pod${under(UID)}.slice/crio-${ID}.scope`, UID],
    ['a guaranteed pod, cgroupfs', `/kubepods/pod${UID}/${ID}`, UID],
    [
      'a static pod, systemd',
      `/kubepods.slice/kubepods-pod${STATIC_UID}.slice/cri-containerd-${ID}.scope`,
      STATIC_UID,
    ],
    ['a static pod, cgroupfs', `/kubepods/burstable/pod${STATIC_UID}/${ID}`, STATIC_UID],
    [
      'containerd that takes a systemd path for one',
      `/system.slice/containerd.service/${SLICE}:cri-containerd:${ID}`,
      UID,
    ],
    ['Docker below the kubelet, systemd', `${SYSTEMD_POD}/docker-${ID}.scope`, UID],
    ['CRI-O, cgroupfs', `/kubepods/pod${UID}/crio-${ID}`, UID],
    ['CRI-O with its container below', `${SYSTEMD_POD}/crio-${ID}.scope/container`, UID],
    [
      'a kubelet with a root of its own',
      `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${under(UID)}.slice/cri-containerd-${ID}.scope`,
      UID,
    ],
    [
      'kind, systemd',
      `/system.slice/docker-${OTHER}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${under(UID)}.slice/cri-containerd-${ID}.scope`,
      UID,
    ],
    ['kind, cgroupfs', `/docker/${OTHER}/kubelet/kubepods/besteffort/pod${UID}/${ID}`, UID],
    ['a node in a pod', `/kubepods/pod${OTHER_UID}/${OTHER}/kubelet/kubepods/pod${UID}/${ID}`, UID],
    ['Docker in a pod', `/kubepods/pod${UID}/${OTHER}/docker/${ID}`, UID],
    ['nerdctl', `/system.slice/nerdctl-${ID}.scope`, undefined],
    ['Docker, systemd', `/system.slice/docker-${ID}.scope`, undefined],
    ['Docker, cgroupfs', `/docker/${ID}`, undefined],
    ['Docker with a parent of its own', `/build/jobs/${ID}`, undefined],
    ['Podman', `/machine.slice/libpod-${ID}.scope/container`, undefined],
    ['Podman, cgroupfs', `/libpod_parent/libpod-${ID}`, undefined],
    [
      'a pod of Podman',
      `/machine.slice/machine-libpod_pod_${OTHER}.slice/libpod-${ID}.scope/container`,
      undefined,
    ],
    ['a pod of Podman, cgroupfs', `/libpod_parent/${OTHER}/libpod-${ID}`, undefined],
    ['Podman in a unit', `/system.slice/web.service/libpod-payload-${ID}`, undefined],
    [
      'rootless Podman',
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
      undefined,
    ],
    ['systemd in a container', `/docker/${ID}/system.slice/nginx.service`, undefined],
    ['a container outside of our cgroup namespace', `/../../pod${UID}/${ID}`, UID],
  ])('of %s', (_, path, podUid) => {
    expect(cgroupFacts(path)).toEqual({ ...NOTHING, containerId: ID, podUid });
  });
});

describe('cgroupFacts finds no container in', () => {
  it.each([
    ['the root', '/', {}],
    ['nothing', '', {}],
    ['the pod', `/kubepods/burstable/pod${UID}`, { podUid: UID }],
    ["CRI-O's monitor", `/system.slice/crio-conmon-${ID}.scope`, { unit: `crio-conmon-${ID}.scope` }],
    [
      "CRI-O's monitor in the pod",
      `${SYSTEMD_POD}/crio-conmon-${ID}.scope`,
      { podUid: UID, unit: `crio-conmon-${ID}.scope` },
    ],
    ["Podman's monitor", `/machine.slice/libpod-conmon-${ID}.scope`, { unit: `libpod-conmon-${ID}.scope` }],
    ["Podman's monitor in a unit", '/system.slice/web.service/runtime', { unit: 'web.service' }],
    ["Podman's pod", `/libpod_parent/${ID}`, {}],
    ['a runtime that nobody knows', `/sandboxes/strange-${ID}.scope`, {}],
    ['what a unit calls so', `/system.slice/run-${ID}.scope`, { unit: `run-${ID}.scope` }],
    ['63 digits', `/docker/${ID.slice(1)}`, {}],
    ['65 digits', `/docker/${ID}0`, {}],
    ['upper case', `/docker/${ID.toUpperCase()}`, {}],
    ['an id with a control character', `/docker/${ID}\u0001`, {}],
    ['an id with a line end', `/docker/${ID}\n`, {}],
    ['an unlike UID', `/kubepods/pod${UID}0`, {}],
    ['a UID of two styles', `/kubepods/pod${UID.replace('-', '_')}`, {}],
    ['slashes alone', '////', {}],
  ])('%s', (_, path, facts) => {
    expect(cgroupFacts(path)).toEqual({ ...NOTHING, ...facts });
  });
});

describe('cgroupFacts finds the systemd unit of', () => {
  it.each([
    ['a service', '/system.slice/nginx.service', 'nginx.service'],
    ['a service with cgroups of its own', '/system.slice/nginx.service/worker', 'nginx.service'],
    ['an instance in its slice', '/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
    ['an escaped name', '/system.slice/dev-disk-by\\x2duuid.swap', 'dev-disk-by\\x2duuid.swap'],
    ['a name with an escape that is none', '/system.slice/a\\xzz.service', 'a\\xzz.service'],
    ['a name that could be a file', '/system.slice/_cpu.service', 'cpu.service'],
    ['PID 1', '/init.scope', 'init.scope'],
    ['a session', '/user.slice/user-1000.slice/session-3.scope', 'session-3.scope'],
    [
      'a machine with a systemd of its own',
      '/machine.slice/systemd-nspawn@a.service/payload/system.slice/nginx.service',
      'systemd-nspawn@a.service',
    ],
  ])('%s', (_, path, unit) => {
    expect(cgroupFacts(path)).toEqual({ ...NOTHING, unit });
  });

  it("a user's service: both units", () => {
    const manager = '/user.slice/user-1000.slice/user@1000.service';
    expect([cgroupFacts(`${manager}/app.slice/app-editor.service`), cgroupFacts(manager)]).toEqual([
      { ...NOTHING, unit: 'user@1000.service', userUnit: 'app-editor.service' },
      { ...NOTHING, unit: 'user@1000.service' },
    ]);
  });

  it.each([
    ['a slice', '/user.slice/user-1000.slice'],
    ['a unit inside something else', '/lxc.payload.a/system.slice/nginx.service'],
    ['a unit outside of our cgroup namespace', '/../system.slice/nginx.service'],
    ['a control character', '/system.slice/a\u0007b.service'],
    ['a name that is too long', `/system.slice/${'a'.repeat(250)}.service`],
    ['a timer', '/system.slice/a.timer'],
  ])('none in %s', (_, path) => {
    expect(cgroupFacts(path)).toEqual(NOTHING);
  });
});
