/** Pods as clusters have them: three containers with probes, limits and mounts, labels, long annotations, a status. */
import { createHash } from 'node:crypto';

/** How many pods a node has, and how many belong to one Deployment. */
const PODS_PER_NODE = 100;
const PODS_PER_DEPLOYMENT = 20;

const CONTAINERS = ['app', 'proxy', 'log-shipper'];

/** A number of a pod made into an object of the API, and what the kubelet would tell of it. */
export interface PodOfBench {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly nodeName: string;
  readonly object: object;
  readonly status: object;
}

/** The names of the nodes that so many pods need. */
export function nodeNames(pods: number): readonly string[] {
  return Array.from({ length: Math.ceil(pods / PODS_PER_NODE) }, (_, index) => nodeName(index));
}

/** The pod with this number: always the same. */
export function podOfBench(index: number): PodOfBench {
  const deployment = `service-${Math.floor(index / PODS_PER_DEPLOYMENT)}`;
  const hash = idOf(deployment).slice(0, 10);
  const name = `${deployment}-${hash}-${idOf(`pod ${index}`).slice(0, 5)}`;
  const namespace = 'bench';
  const ip = `10.${64 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}`;
  const node = nodeName(Math.floor(index / PODS_PER_NODE));
  const labels = {
    app: deployment,
    'app.kubernetes.io/name': deployment,
    'app.kubernetes.io/instance': `${deployment}-main`,
    'app.kubernetes.io/version': '1.4.2',
    'app.kubernetes.io/managed-by': 'Helm',
    team: `team-${index % 7}`,
    tier: 'backend',
    'pod-template-hash': hash,
  };
  const metadata = {
    name,
    namespace,
    labels,
    annotations: {
      'checksum/config': idOf(`config of ${deployment}`),
      'example.com/notes': 'n'.repeat(2000),
    },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: `${deployment}-${hash}`,
        uid: uidOf(deployment),
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
  return {
    namespace,
    name,
    ip,
    nodeName: node,
    object: { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec(deployment, node) },
    status: podStatus(index, deployment, ip),
  };
}

function podSpec(deployment: string, node: string): object {
  return {
    nodeName: node,
    serviceAccountName: 'default',
    containers: CONTAINERS.map((name) => ({
      name,
      image: imageOf(deployment, name),
      ports: [{ name: 'http', containerPort: 8080 }],
      env: Array.from({ length: 10 }, (_, index) => ({
        name: `SETTING_${index}`,
        value: `value ${index} of ${name}`,
      })),
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '256Mi' } },
      livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 },
      readinessProbe: { httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 5 },
    })),
  };
}

function podStatus(index: number, deployment: string, ip: string): object {
  const startTime = '2026-11-22T08:00:00Z';
  return {
    phase: 'Running',
    hostIP: `10.1.${Math.floor(index / PODS_PER_NODE) >>> 8}.${Math.floor(index / PODS_PER_NODE) & 255}`,
    podIP: ip,
    podIPs: [{ ip }],
    startTime,
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: startTime,
    })),
    containerStatuses: CONTAINERS.map((name) => ({
      name,
      image: imageOf(deployment, name),
      imageID: `registry.example.com/${deployment}/${name}@sha256:${idOf(imageOf(deployment, name))}`,
      containerID: `containerd://${idOf(`container ${name} of ${index}`)}`,
      ready: true,
      started: true,
      restartCount: index % 3,
      state: { running: { startedAt: startTime } },
    })),
  };
}

function imageOf(deployment: string, container: string): string {
  return `registry.example.com/${deployment}/${container}:1.4.2`;
}

function nodeName(index: number): string {
  return `node-${index}`;
}

function idOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function uidOf(text: string): string {
  const id = idOf(text);
  return [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20, 32)].join('-');
}
