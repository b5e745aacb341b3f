import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AnyValue, Batch } from '@tributary/core';
import { start } from '../../packages/tributary/test/run-cli.ts';

/** What a flow record says. */
export interface FlowRecord {
  /** When it was read, in milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly attributes: Readonly<Record<string, AnyValue>>;
}

/** How the program is run. */
export interface AgentOptions {
  /** The file that KUBECONFIG names. */
  readonly kubeConfig: string;
  /** Files of the network namespaces in which addresses are translated. */
  readonly natNamespaces: readonly string[];
  /** Gets each flow record that the program sends. */
  readonly onFlow: (flow: FlowRecord) => void;
}

/** The program, with an agent's configuration, that sends what it has to a backend in this process. */
export interface Agent {
  /** How many data points its metrics pipeline has sent. */
  dataPoints(): number;
  /** What it has logged. */
  log(): string;
  /** Ends it in order: it has sent all that it holds then. */
  stop(): Promise<void>;
}

/** Starts the program and waits until it runs. */
export async function startAgent({ kubeConfig, natNamespaces, onFlow }: AgentOptions): Promise<Agent> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-agent-'));
  let dataPoints = 0;
  const backend = createServer((request, response) => {
    take(request, response, (signal, body) => {
      const batch = Batch.decode(signal, body);
      if (signal === 'metrics') dataPoints += batch.itemCount;
      for (const record of batch.records()) {
        if (record.kindOf !== 'log' || record.eventName !== 'network.flow') continue;
        onFlow({
          timeMs: Number(record.timeUnixNano) / 1e6,
          attributes: record.attributes.toObject(),
        });
      }
    }).catch((error: NodeJS.ErrnoException) => {
      // A request that the program gave up is one that it sends again; anything else is a defect.
      if (error.code !== 'ECONNRESET') throw error;
    });
  });
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const config = path.join(folder, 'agent.yaml');
  writeFileSync(config, configuration((backend.address() as AddressInfo).port, natNamespaces));
  const program = start(['--config', config], { KUBECONFIG: kubeConfig });
  await program.saw('everything is ready');
  return {
    dataPoints: () => dataPoints,
    log: () => program.output().stderr,
    stop: async () => {
      program.child.kill('SIGTERM');
      await program.ended;
      backend.close();
      backend.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(port: number, natNamespaces: readonly string[]): string {
  return `
receivers:
  ebpf:
    flows:
      interval: 1s
      conntrack: { network_namespaces: ${JSON.stringify(natNamespaces)} }
  k8s: { auth_type: kubeConfig }
processors:
  enrich: {}
connectors:
  flowmetrics: {}
exporters:
  otlp_http: { endpoint: "http://127.0.0.1:${port}", compression: none }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    logs/flows: { receivers: [ebpf], processors: [enrich], exporters: [flowmetrics, otlp_http] }
    logs/events: { receivers: [k8s], exporters: [otlp_http] }
    metrics: { receivers: [flowmetrics, k8s], exporters: [otlp_http] }
`;
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  accept: (signal: 'logs' | 'metrics', body: Buffer) => void,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  accept(request.url === '/v1/metrics' ? 'metrics' : 'logs', Buffer.concat(chunks));
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
}
