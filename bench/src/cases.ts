import type { Signal } from '@tributary/core';

/** What a case does to each batch on its way; `k8s-…` names the pod of each resource, found by its uid or its address. */
export type Work = 'none' | 'resource' | 'rename' | 'k8s-uid' | 'k8s-ip';

/** How requests come and go. */
export type Transport = 'http' | 'grpc';

/** How requests are compressed, in and out. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** One configuration: a process under test is started for it. */
export interface Setup {
  readonly transport: Transport;
  readonly compression: Compression;
  readonly work: Work;
}

/** One measured case. */
export interface Case extends Setup {
  readonly signal: Signal;
  readonly itemsPerRequest: number;
}

const TRANSPORTS: readonly Transport[] = ['http', 'grpc'];
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'zstd'];
const WORKS: readonly Work[] = ['none', 'resource', 'rename'];
const KUBERNETES_WORKS: readonly Work[] = ['k8s-uid', 'k8s-ip'];

/** Every configuration of the bench. */
export const SETUPS: readonly Setup[] = [
  ...TRANSPORTS.flatMap((transport) =>
    COMPRESSIONS.flatMap((compression) => WORKS.map((work) => ({ transport, compression, work }))),
  ),
  ...KUBERNETES_WORKS.map((work) => ({ transport: 'http', compression: 'none', work }) as const),
];

/** Whether a configuration needs an API server with pods. */
export function needsKubernetes({ work }: Setup): boolean {
  return KUBERNETES_WORKS.includes(work);
}

/** The cases of a configuration. */
export function casesOf(setup: Setup): readonly Case[] {
  const signals: readonly Signal[] = needsKubernetes(setup) ? ['traces'] : ['traces', 'metrics', 'logs'];
  return signals.flatMap((signal) =>
    [100, 1000].map((itemsPerRequest) => ({ ...setup, signal, itemsPerRequest })),
  );
}

/** The name by which a case is chosen on the command line: `http/none/rename/traces/1000`. */
export function caseName(it: Case): string {
  return `${it.transport}/${it.compression}/${it.work}/${it.signal}/${it.itemsPerRequest}`;
}

/** The credentials come from KUBECONFIG. */
function kubernetesProcessor(attribute: string): string {
  return `processors:
  k8s_attributes:
    auth_type: kubeConfig
    wait_for_metadata: true
    pod_association: [{ sources: [{ from: resource_attribute, name: ${attribute} }] }]
`;
}

const PROCESSORS: Readonly<Record<Work, string>> = {
  none: '',
  resource: `processors:
  resource:
    attributes:
      - { key: deployment.environment.name, value: production, action: insert }
`,
  rename: `processors:
  attributes:
    actions:
      - { key: http.response.status_code.renamed, from_attribute: http.response.status_code, action: insert }
      - { key: http.response.status_code, action: delete }
`,
  'k8s-uid': kubernetesProcessor('k8s.pod.uid'),
  'k8s-ip': kubernetesProcessor('k8s.pod.ip'),
};
const PROCESSOR_IDS: Readonly<Record<Work, string>> = {
  none: '',
  resource: 'resource',
  rename: 'attributes',
  'k8s-uid': 'k8s_attributes',
  'k8s-ip': 'k8s_attributes',
};

/** gzip levels of 1 (fastest) to 9; the Collector's default is 6. */
export const GZIP_LEVEL = 6;

/** The ports that a configuration is written for. */
export interface Ports {
  readonly receiver: number;
  readonly sink: number;
}

/**
 * The configuration of a case, for the Collector and for Tributary alike. No sending queue and no retry, so that the
 * client is answered after the backend took the data.
 */
export function configOf(setup: Setup, ports: Ports): string {
  const exporter = setup.transport === 'grpc' ? 'otlp' : 'otlphttp';
  const endpoint = setup.transport === 'grpc' ? `127.0.0.1:${ports.sink}` : `http://127.0.0.1:${ports.sink}`;
  const level =
    setup.compression === 'gzip' && setup.transport === 'http'
      ? `\n    compression_params: { level: ${GZIP_LEVEL} }`
      : '';
  const limit = setup.transport === 'grpc' ? ', max_recv_msg_size_mib: 64' : '';
  const pipeline = `{ receivers: [otlp], processors: [${PROCESSOR_IDS[setup.work]}], exporters: [${exporter}] }`;
  const signals = new Set(casesOf(setup).map(({ signal }) => signal));
  const pipelines = [...signals].map((signal) => `    ${signal}: ${pipeline}\n`).join('');
  return `receivers:
  otlp:
    protocols:
      ${setup.transport}: { endpoint: "127.0.0.1:${ports.receiver}"${limit} }
${PROCESSORS[setup.work]}exporters:
  ${exporter}:
    endpoint: "${endpoint}"
    compression: ${setup.compression}${level}
    tls: { insecure: true }
    sending_queue: { enabled: false }
    retry_on_failure: { enabled: false }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
${pipelines}`;
}
