/** What an API server can do to its clients: faults of a proxy before it, restarts, and tokens that expire. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ApiFault,
  type ControlPlane,
  type FaultProxy,
  GONE,
  HTML_PAGE,
  type PolicyRule,
  refusal,
  tooManyRequests,
} from '@tributary/lab';
import { parseAllDocuments } from 'yaml';
import type { Random } from './churn.ts';

const ROLE_FILE = path.join(import.meta.dirname, '../../deploy/kubernetes/gateway-rbac.yaml');

const TOKEN_SECONDS = 30;
const RENEW_EVERY_MS = 10_000;
const FAULT_EVERY_MS = 6_000;
const RESTART_EVERY = 5;
const DEAF_MS = 3_000;
const ACCOUNT = ['tributary', 'agent'] as const;

const FAULTS: Readonly<Record<string, ApiFault>> = {
  gone: GONE,
  html: HTML_PAGE,
  'too many requests': tooManyRequests(1),
  'internal error': refusal(500, 'InternalError', 'etcdserver: request timed out'),
  unauthorized: refusal(401, 'Unauthorized', 'Unauthorized'),
  close: { kind: 'close' },
  delay: { kind: 'delay', delayMs: 500 },
  hang: { kind: 'hang' },
  truncate: { kind: 'truncate', afterBytes: 300 },
  'clean truncate': { kind: 'truncate', afterBytes: 777, isClean: true },
};
const STREAM_FAULTS = ['close', 'cut'] as const;
/** These leave a watch open on which nothing comes any more, which cannot be told from one of a cluster that rests. */
const SILENT_FAULTS: Readonly<Record<string, ApiFault>> = { stall: { kind: 'stall', afterBytes: 100 } };
const SILENT_STREAM_FAULTS = ['hang'] as const;

/** Keeps a file of credentials fresh, as `exec` plugins and kubelets do, with tokens that live for half a minute. */
export class ExpiringCredentials {
  readonly file: string;
  readonly #controlPlane: ControlPlane;

  constructor(controlPlane: ControlPlane) {
    this.#controlPlane = controlPlane;
    this.file = path.join(path.dirname(controlPlane.caFile), 'credentials.json');
  }

  /** Renews the token until the signal; while the API server is away there is no new one. */
  async run(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await this.renew().catch(() => {});
      await delay(RENEW_EVERY_MS, undefined, { signal: until }).catch(() => {});
    }
  }

  async renew(): Promise<void> {
    const token = await this.#controlPlane.tokenFor(...ACCOUNT, TOKEN_SECONDS);
    const expirationTimestamp = new Date(Date.now() + TOKEN_SECONDS * 1000).toISOString();
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token, expirationTimestamp },
    };
    writeFileSync(`${this.file}.new`, JSON.stringify(credential), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }
}

/** How trouble is made. */
export interface TroubleOptions {
  readonly random: Random;
  /** Whether watches fall silent, too. */
  readonly isSilent: boolean;
  readonly until: AbortSignal;
}

/** Makes trouble until the signal, and says how often which. */
export async function makeTrouble(
  controlPlane: ControlPlane,
  proxy: FaultProxy,
  { random, isSilent, until }: TroubleOptions,
): Promise<Readonly<Record<string, number>>> {
  const faults = { ...FAULTS, ...(isSilent ? SILENT_FAULTS : {}) };
  const streamFaults = [...STREAM_FAULTS, ...(isSilent ? SILENT_STREAM_FAULTS : [])];
  const made: Record<string, number> = {};
  const count = (what: string): void => {
    made[what] = (made[what] ?? 0) + 1;
  };
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  for (let turn = 1; !until.aborted; turn += 1) {
    await delay(FAULT_EVERY_MS, undefined, { signal: until }).catch(() => {});
    if (until.aborted) break;
    if (turn % RESTART_EVERY === 0) {
      count('restart');
      await controlPlane.restart(pick(['SIGTERM', 'SIGKILL']));
    } else if (random() < 0.1) {
      count('deaf');
      proxy.isDeaf = true;
      await delay(DEAF_MS);
      proxy.isDeaf = false;
    } else {
      const name = pick(Object.keys(faults));
      const order = proxy.misbehave(faults[name] as ApiFault, {
        path: /^\/apis?\//,
        times: 1 + Math.floor(random() * 4),
      });
      const stream = pick(streamFaults);
      count(`watches: ${stream}`);
      proxy.breakStreams(stream, pick([/watch=/, /\/pods\?.*watch=/, /\/endpointslices\?.*watch=/]));
      await delay(FAULT_EVERY_MS / 2);
      order.lift();
      if (order.met > 0) made[name] = (made[name] ?? 0) + order.met;
    }
  }
  return made;
}

/** Makes the account that the agent has: with the rules of the one that watches a whole cluster where Tributary is deployed. */
export async function makeAgentAccount(controlPlane: ControlPlane): Promise<void> {
  const documents = parseAllDocuments(readFileSync(ROLE_FILE, 'utf8')).map((document) => document.toJS());
  const role: { rules: PolicyRule[] } = documents.find(({ kind }) => kind === 'ClusterRole');
  await controlPlane.serviceAccount(...ACCOUNT, role.rules);
}
