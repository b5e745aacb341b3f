/**
 * The k8s receiver in a process of its own, with nothing beside it. Its arguments: a kubeconfig, the number of pods that
 * there are, and `pods` if nothing but pods is to be watched. Told `list` it starts and says how long the first list took; told `usage`, what it holds and how many
 * pods are known; told `cpu`, how many seconds of CPU time it has used; told `visible`, how long after the API server's answer the join saw new addresses of pods.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { addressKey, type Context } from '@tributary/core';
import { k8sReceiver } from '@tributary/receiver-k8s';
import { nopHost, signalConsumer, testSettings } from '@tributary/testkit';
import { podOfBench } from './pods.ts';

const [, , kubeConfig = '', pods = '0', only] = process.argv;

/** What the process holds. */
export interface WatcherUsage {
  readonly rssBytes: number;
  readonly pods: number;
}

/** How many new addresses are looked for, one after the other. */
const LOOKS = 20;

const settings = testSettings({ id: 'k8s' });
const { context } = settings;
const config = k8sReceiver.configSchema.parse({
  auth_type: 'kubeConfig',
  kube_config_path: kubeConfig,
  ...(only === undefined ? {} : { resources: [only] }),
});
const receiver = k8sReceiver.create(settings, config, signalConsumer({ consume: () => undefined }, []));

async function list(): Promise<number> {
  const begin = performance.now();
  await receiver.start?.(nopHost());
  while (context.sources.list().length === 0 || context.sources.isLoading) await delay(5);
  return performance.now() - begin;
}

function usage(): WatcherUsage {
  globalThis.gc?.();
  return {
    rssBytes: process.memoryUsage.rss(),
    pods: context.pods.counts.claims,
  };
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Milliseconds from the API server's answer, which comes when the change is stored, to the first look that finds it. */
async function visible(): Promise<readonly number[]> {
  const { server, ca, token } = credentials();
  const agent = new Agent({ ca, keepAlive: true });
  const delays: number[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    const pod = podOfBench(look % Number(pods));
    const ip = `10.250.0.${look + 1}`;
    const url = new URL(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/status`, server);
    await patch(url, agent, token, { status: { podIP: ip, podIPs: [{ ip }] } });
    const answered = performance.now();
    while (!holds(context, ip, pod.name)) await delay(1);
    delays.push(performance.now() - answered);
  }
  agent.destroy();
  return delays;
}

function holds(facts: Context, ip: string, name: string): boolean {
  const holder = facts.addresses.at(addressKey(ip) ?? 0, Date.now());
  return holder?.kind === 'pod' && holder.name === name;
}

function credentials(): { server: string; ca: Buffer; token: string } {
  const parsed = JSON.parse(readFileSync(kubeConfig, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority': string } }];
    users: [{ user: { token: string } }];
  };
  const { cluster } = parsed.clusters[0];
  return {
    server: cluster.server,
    ca: readFileSync(cluster['certificate-authority']),
    token: parsed.users[0].user.token,
  };
}

function patch(url: URL, agent: Agent, token: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'PATCH', agent, headers }, (response) => {
      response.resume();
      response.on('end', () =>
        response.statusCode === 200
          ? resolve()
          : reject(new Error(`PATCH ${url.pathname}: ${response.statusCode}`)),
      );
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

const ANSWERS: Readonly<Record<string, () => unknown>> = { list, usage, cpu, visible };

process.on('message', async (message: string) => {
  process.send?.(await ANSWERS[message]?.());
});
process.send?.('ready');
