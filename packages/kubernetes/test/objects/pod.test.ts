import { expect, test } from 'vitest';
import { MetadataDecoder } from '../../src/objects/metadata.ts';
import { ObjectReader } from '../../src/objects/object-reader.ts';
import { PairsCache } from '../../src/objects/pairs.ts';
import { PodDecoder, PodState } from '../../src/objects/pod.ts';
import { MalformedError } from '../../src/wire/field-reader.ts';
import { encode } from './encode.ts';

const CHECKOUT = {
  metadata: {
    name: 'checkout-7d9f-abcde',
    namespace: 'shop',
    uid: '0f0e0d0c-0000-4000-8000-00000000cafe',
    resourceVersion: '9007199254740991',
    generation: 3,
    creationTimestamp: { seconds: 1_795_334_400 },
    deletionTimestamp: { seconds: 1_795_334_500 },
    labels: { app: 'checkout', 'pod-template-hash': '7d9f', tëam: 'zoë' },
    annotations: { wanted: 'line\nline', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    ownerReferences: [
      { kind: 'Other', name: 'not-the-controller', uid: 'u0' },
      { kind: 'ReplicaSet', name: 'checkout-7d9f', uid: 'u1', controller: true },
    ],
    managedFields: [{ manager: 'kubelet', fieldsV1: Buffer.alloc(3000, '{') }],
  },
  spec: {
    nodeName: 'node-3',
    hostname: 'web',
    containers: [
      {
        name: 'app',
        image: 'registry.example/shop/checkout:1.4',
        env: [{ name: 'A', value: 'B' }],
        resources: {
          requests: { cpu: { string: '500m' }, memory: { string: '1Gi' } },
          limits: { memory: { string: '2Gi' } },
        },
      },
    ],
    initContainers: [{ name: 'init', image: 'busybox' }],
    ephemeralContainers: [{ ephemeralContainerCommon: { name: 'debug', image: 'tools' } }],
  },
  status: {
    phase: 'Running',
    reason: 'Why',
    hostIP: '192.168.0.3',
    hostIPs: [{ ip: '192.168.0.3' }, { ip: 'fd00::3' }],
    podIP: '10.2.7.31',
    podIPs: [{ ip: '10.2.7.31' }, { ip: 'fd00:10::31' }],
    startTime: { seconds: 1_795_334_401 },
    conditions: [
      { type: 'Initialized', status: 'False' },
      { type: 'Ready', status: 'True' },
    ],
    containerStatuses: [
      {
        name: 'app',
        ready: true,
        restartCount: 1,
        image: 'registry.example/shop/checkout:1.4',
        imageID: 'registry.example/shop/checkout@sha256:12',
        containerID: 'containerd://aaaa',
        state: { running: { startedAt: { seconds: 1_795_334_450 } } },
        lastState: {
          terminated: {
            exitCode: 137,
            reason: 'OOMKilled',
            startedAt: { seconds: 1_795_334_410 },
            finishedAt: { seconds: 1_795_334_440 },
            containerID: 'containerd://0000',
          },
        },
      },
    ],
    initContainerStatuses: [
      {
        name: 'init',
        state: { terminated: { finishedAt: { seconds: 1_795_334_405 }, containerID: 'cri-o://1111' } },
      },
    ],
    ephemeralContainerStatuses: [
      { name: 'debug', state: { waiting: { reason: 'ImagePullBackOff', message: 'no' } } },
    ],
  },
};

function decoder(): { decode: (bytes: Uint8Array) => PodState } {
  const pairs = new PairsCache();
  const pods = new PodDecoder(new MetadataDecoder(pairs, (key) => key === 'wanted'), pairs);
  const reader = new ObjectReader();
  const state = new PodState();
  return {
    decode(bytes) {
      pods.read(reader, reader.begin(bytes), state);
      return state;
    },
  };
}

test('of a pod what is used is read', () => {
  const { decode } = decoder();
  expect(decode(encode('Pod', CHECKOUT))).toMatchObject({
    meta: {
      name: 'checkout-7d9f-abcde',
      namespace: 'shop',
      uid: '0f0e0d0c-0000-4000-8000-00000000cafe',
      version: 9007199254740991,
      createdSeconds: 1_795_334_400,
      isDeleting: true,
      labels: ['app', 'checkout', 'pod-template-hash', '7d9f', 'tëam', 'zoë'],
      annotations: ['wanted', 'line\nline'],
      owner: { kind: 'ReplicaSet', name: 'checkout-7d9f', uid: 'u1' },
      staticUid: '',
    },
    nodeName: 'node-3',
    hostName: 'web',
    hostNetwork: false,
    phase: 'Running',
    reason: 'Why',
    isReady: true,
    startSeconds: 1_795_334_401,
    addresses: ['10.2.7.31', 'fd00:10::31'],
    hostAddresses: ['192.168.0.3', '192.168.0.3', 'fd00::3'],
    specs: [
      {
        name: 'app',
        image: 'registry.example/shop/checkout:1.4',
        role: 'app',
        requests: ['cpu', '500m', 'memory', '1Gi'],
        limits: ['memory', '2Gi'],
      },
      { name: 'init', image: 'busybox', role: 'init', requests: [], limits: [] },
      { name: 'debug', image: 'tools', role: 'ephemeral' },
    ],
    reports: [
      {
        name: 'app',
        imageId: 'registry.example/shop/checkout@sha256:12',
        id: 'aaaa',
        lastId: '0000',
        restartCount: 1,
        condition: { state: 'running', isReady: true, reason: '', lastReason: 'OOMKilled' },
        startedSeconds: 1_795_334_450,
        lastStartedSeconds: 1_795_334_410,
      },
      { name: 'init', id: '1111', condition: { state: 'terminated' }, finishedSeconds: 1_795_334_405 },
      { name: 'debug', id: '', condition: { state: 'waiting', reason: 'ImagePullBackOff' } },
    ],
  });
});

test('nothing of one pod is left in the next', () => {
  const { decode } = decoder();
  decode(encode('Pod', CHECKOUT));
  expect({ ...decode(encode('Pod', { metadata: { name: 'bare', uid: 'u2' } })) }).toEqual({
    ...new PodState(),
    meta: Object.assign(new PodState().meta, { name: 'bare', uid: 'u2' }),
  });
});

test('what pods have in common is one object', () => {
  const { decode } = decoder();
  const bytes = encode('Pod', CHECKOUT);
  const { labels, owner } = decode(bytes).meta;
  const [spec] = decode(bytes).specs;
  const again = decode(Buffer.from(bytes));
  expect(again.meta.labels).toBe(labels);
  expect(again.meta.owner).toBe(owner);
  expect(again.specs[0]).toBe(spec);
});

test('podIP counts where there are no podIPs', () => {
  const { decode } = decoder();
  expect(decode(encode('Pod', { status: { podIP: '10.0.0.1' } })).addresses).toEqual(['10.0.0.1']);
});

test('a version that is no number is not compared', () => {
  const { decode } = decoder();
  const versions = ['abc', '', '99999999999999999999', '12'].map(
    (resourceVersion) => decode(encode('Pod', { metadata: { resourceVersion } })).meta.version,
  );
  expect(versions).toEqual([0, 0, 0, 12]);
});

test.each([
  ['a control character', { metadata: { name: 'a\u001b[31mb' } }],
  ['a slash', { metadata: { namespace: 'kube-system/../shop' } }],
  ['a space', { metadata: { uid: 'a b' } }],
  ['a letter that no name has', { spec: { nodeName: 'knöten' } }],
])('a name with %s is refused', (_, pod) => {
  const { decode } = decoder();
  expect(() => decode(encode('Pod', pod))).toThrow(MalformedError);
});

test('the last of two labels with one key counts, and fields may be torn apart', () => {
  const { decode } = decoder();
  const one = encode('Pod', { metadata: { labels: { a: '1', b: '2' } } });
  const other = encode('Pod', { metadata: { labels: { a: '3' } } });
  expect(decode(Buffer.concat([one, other])).meta.labels).toEqual(['a', '3', 'b', '2']);
});
