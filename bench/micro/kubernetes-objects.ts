/**
 * What it costs to know 100,000 pods, each with eight labels, statuses and 10 KB of what is not kept:
 * `node bench/micro/kubernetes-objects.ts [containers of a pod]`. Prints the bytes kept for each pod in all, the memory of the
 * process, nanoseconds to take in a listed pod and one that has changed, and what a thousand changes a second take of a core.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Context, keepYoungGenerationSmall, nopTelemetry } from '../../packages/core/src/index.ts';
import { ClusterFacts } from '../../packages/kubernetes/src/index.ts';
import type { encode as Encode } from '../../packages/kubernetes/test/objects/encode.ts';
import { nanosecondsPerCall } from './measure.ts';

const PODS = 100_000;
const PODS_OF_WORKLOAD = 5;
const NODES = 2_000;
const CONTAINERS = Number(process.argv[2] ?? 3);
const CHANGING = 1000;
const FILLER = 10_000;
const NOW_SECONDS = 1_795_334_400;
const CHANGES_A_SECOND = 1000;

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}

/** A pod as an API server has it, in a state that differs by `revision`. */
function pod(encode: typeof Encode, index: number, revision: number): Buffer {
  const workload = Math.floor(index / PODS_OF_WORKLOAD);
  const name = `service-${workload}`;
  const hash = hex((workload * 2_654_435_761) % 2 ** 32, 9);
  const time = { seconds: NOW_SECONDS + workload };
  const names = ['app', 'istio-proxy', 'log-shipper', 'other'].slice(0, CONTAINERS);
  return encode('Pod', {
    metadata: {
      name: `${name}-${hash}-${hex(index, 5)}`,
      namespace: `team-${workload % 200}`,
      uid: `${hex(index, 8)}-aaaa-4bbb-8ccc-${hex(index, 12)}`,
      // Without a version each state of a pod counts as new.
      resourceVersion: revision === 0 ? String(3_000_000_000 + index) : '',
      creationTimestamp: time,
      // In the order of their keys, as the API server writes maps.
      labels: {
        app: name,
        'app.kubernetes.io/instance': `${name}-prod`,
        'app.kubernetes.io/managed-by': 'Helm',
        'app.kubernetes.io/name': name,
        'app.kubernetes.io/version': `1.${workload % 50}.0`,
        'pod-template-hash': hash,
        team: `team-${workload % 200}`,
        tier: 'backend',
      },
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(FILLER / 2) },
      ownerReferences: [
        { kind: 'ReplicaSet', name: `${name}-${hash}`, uid: `${hex(workload, 8)}-dddd`, controller: true },
      ],
      managedFields: [{ manager: 'kubelet', fieldsV1: Buffer.alloc(FILLER / 2, '{') }],
    },
    spec: {
      nodeName: `ip-10-1-${Math.floor((index % NODES) / 250)}-${index % 250}.eu-west-1.compute.internal`,
      containers: names.map((container) => ({
        name: container,
        image: `registry.example/${name}/${container}:1.${workload % 50}.0`,
        env: Array.from({ length: 20 }, (_, at) => ({ name: `SETTING_${at}`, value: 'some value' })),
        resources: { requests: { cpu: { string: '500m' }, memory: { string: '1Gi' } } },
      })),
    },
    status: {
      phase: 'Running',
      hostIP: '10.1.0.1',
      podIP: `10.${2 + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}`,
      podIPs: [
        { ip: `10.${2 + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}` },
      ],
      startTime: time,
      conditions: [
        { type: 'Ready', status: revision % 2 === 0 ? 'True' : 'False', lastTransitionTime: time },
      ],
      containerStatuses: names.map((container, at) => ({
        name: container,
        ready: revision % 2 === 0,
        restartCount: 0,
        image: `registry.example/${name}/${container}:1.${workload % 50}.0`,
        imageID: `registry.example/${name}/${container}@sha256:${hex(workload * 4 + at, 64)}`,
        containerID: `containerd://${hex(index * 4 + at, 64)}`,
        state: { running: { startedAt: time } },
      })),
    },
  });
}

/** Encodes all pods and sends them to `take`, each with its length before it, as they would come from a server. */
async function send(): Promise<void> {
  // Not for the process whose memory counts.
  const { encode } = await import('../../packages/kubernetes/test/objects/encode.ts');
  // Compiled code is kept from one start to the next, as the program itself does: types are not stripped anew, which takes 30 MB.
  const env = { ...process.env, NODE_COMPILE_CACHE: path.join(tmpdir(), 'tributary-bench-compiled') };
  const take = ['--expose-gc', import.meta.filename, String(CONTAINERS)];
  spawnSync(process.execPath, [...take, 'compile'], { env });
  const child = spawn(process.execPath, [...take, 'take'], { stdio: ['pipe', 'inherit', 'inherit'], env });
  const write = async (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    if (!child.stdin.write(Buffer.concat([length, bytes]))) await once(child.stdin, 'drain');
  };
  for (let index = 0; index < PODS; index += 1) await write(pod(encode, index, 0));
  for (let index = 0; index < CHANGING; index += 1)
    for (const revision of [1, 2]) await write(pod(encode, index, revision));
  child.stdin.end();
  await once(child, 'exit');
}

/** Reads what `send` sends: the process whose memory counts. */
function take(): void {
  const page = Buffer.alloc(1 << 20);
  const next = (): Buffer => {
    let at = 0;
    for (let length = 4; at < length; ) {
      at += readSync(0, page, at, length - at, null);
      if (at === 4 && length === 4) length += page.readUInt32LE(0);
    }
    return page.subarray(4, at);
  };
  const collect = () => {
    for (let round = 0; round < 3; round += 1) globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const context = new Context();
  const facts = new ClusterFacts(context, { telemetry: nopTelemetry });
  const pods = facts.handler('pods');
  const atMs = NOW_SECONDS * 1000 + 100_000_000;
  const emptyBytes = collect();
  const emptyRss = process.memoryUsage.rss();
  let listMicroseconds = 0;
  // As ClusterWatch does until the lists have been taken in.
  const letGrow = keepYoungGenerationSmall();
  pods.listing();
  for (let index = 0; index < PODS; index += 1) {
    const bytes = next();
    const start = process.threadCpuUsage();
    pods.seen(bytes, atMs);
    const { user, system } = process.threadCpuUsage(start);
    listMicroseconds += user + system;
  }
  pods.listed(atMs);
  letGrow();
  // The most that it has ever been, in KiB.
  const { maxRSS } = process.resourceUsage();
  const bytesKept = collect() - emptyBytes;
  const states = Array.from({ length: CHANGING * 2 }, () => Buffer.from(next()));
  let revision = 0;
  const change = nanosecondsPerCall(() => {
    revision += 1;
    for (let index = 0; index < CHANGING; index += 1)
      pods.seen(states[index * 2 + (revision % 2)]!, atMs + 1000);
  });
  let address = 0;
  const lookUp = nanosecondsPerCall(() => {
    for (let count = 0; count < 1000; count += 1) {
      address = (address + 7919) % PODS;
      context.addresses.at(0x0a02_0000 + address, atMs);
    }
  });
  const share = (change / CHANGING / 1e9) * CHANGES_A_SECOND * 100;
  console.log(
    [
      `${PODS} pods of ${CONTAINERS} containers, ${states[0]!.length} bytes each on the wire:`,
      `${(bytesKept / PODS).toFixed(0)} bytes kept a pod, all tables included; the process took ${(maxRSS / 1024).toFixed(0)} MiB at most, and ${(emptyRss / 2 ** 20).toFixed(0)} MiB before`,
      `${((listMicroseconds / PODS) * 1000).toFixed(0)} ns to take in a listed pod`,
      `${(change / CHANGING).toFixed(0)} ns to take in a changed one: ${share.toFixed(2)} % of a core for ${CHANGES_A_SECOND} a second`,
      `${(lookUp / 1000).toFixed(0)} ns to look up an address`,
    ].join('\n'),
  );
}

if (process.argv[3] === 'take') take();
else if (process.argv[3] === undefined) await send();
