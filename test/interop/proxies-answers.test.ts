/**
 * What proxies answer by themselves, to gRPC and to HTTP, and what the exporters make of it: tried again or not, as the
 * mapping of HTTP's statuses to gRPC's and the specification of OTLP have it.
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */

import type { Batch, PermanentError, RetryableError } from '@tributary/core';
import { freePort } from '@tributary/lab';
import { jsonBatch, numberedBatch } from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificates, makeCertificates } from './certificates.ts';
import { type ReceiverChoice, startExporter, startReceiver } from './proxies/ends.ts';
import { type EnvoySettings, startEnvoy } from './proxies/envoy.ts';
import { type NginxSettings, nginxProgram, startNginx } from './proxies/nginx.ts';
import type { RunningProxy, Way } from './proxies/way.ts';
import { BUILD_TIMEOUT_MS, envoyProgram } from './toolchains.ts';

const one = numberedBatch('logs', [1]);
const large = jsonBatch({
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'x'.repeat(3_000_000) } }] }] }],
});
const NEVER: ReceiverChoice = { next: { consume: () => new Promise<void>(() => undefined) } };
const SMALL: ReceiverChoice = {
  grpc: { max_recv_msg_size_mib: 1 },
  http: { max_request_body_size: 1_000_000 },
};

/** HTTP's statuses, and what is to become of data that is answered so over gRPC and over HTTP. */
const STATUSES: Readonly<Record<number, readonly [grpc: string, http: string]>> = {
  400: ['refused INTERNAL', 'refused'],
  401: ['refused UNAUTHENTICATED', 'refused'],
  403: ['refused PERMISSION_DENIED', 'refused'],
  404: ['refused UNIMPLEMENTED', 'refused'],
  429: ['tried again UNAVAILABLE', 'tried again'],
  500: ['refused UNKNOWN', 'refused'],
  502: ['tried again UNAVAILABLE', 'tried again'],
  503: ['tried again UNAVAILABLE', 'tried again'],
  504: ['tried again UNAVAILABLE', 'tried again'],
};
const asked = (status: string): object => ({ headers: { 'x-answer': status } });

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
  envoyProgram();
}, BUILD_TIMEOUT_MS);
afterAll(() => certificates.remove());

/** Both ways to a receiver, or to nobody. */
async function waysTo(choice: ReceiverChoice | undefined): Promise<Way[]> {
  let [grpcPort, httpPort] = [await freePort(), await freePort()];
  if (choice !== undefined) {
    const receiver = await startReceiver('plain', certificates, choice);
    onTestFinished(() => receiver.stop());
    ({ grpcPort, httpPort } = receiver);
  }
  return [
    { name: 'grpc', speech: 'h2', security: 'plain', upstreamPort: grpcPort },
    { name: 'http', speech: 'h1', security: 'plain', upstreamPort: httpPort },
  ];
}

/** What becomes of a batch by either transport. */
async function fates(proxy: RunningProxy, batch: Batch, choice: object = {}): Promise<readonly string[]> {
  const told: string[] = [];
  for (const transport of ['grpc', 'http'] as const) {
    const port = proxy.ports[transport]!;
    const exporter = await startExporter(transport, 'plain', port, certificates, { ...choice });
    try {
      await exporter.consume(batch);
      told.push('taken');
    } catch (error) {
      const { name, message } = error as PermanentError | RetryableError;
      // The reason is in the brackets before what can be done.
      const reason = /\((.*)\)/s.exec(message.replaceAll('\n', ' '))?.[1];
      told.push(`${name === 'PermanentError' ? 'refused' : 'tried again'} (${reason})`);
    }
    await exporter.shutdown?.();
  }
  return told;
}

interface Answered<Settings> {
  readonly name: string;
  readonly receiver?: ReceiverChoice;
  readonly settings?: Settings;
  readonly batch?: Batch;
  readonly exporter?: object;
  /** Over gRPC, and over HTTP. */
  readonly fates: readonly [unknown, unknown];
}

const begins = (text: string): unknown => expect.stringContaining(text);

const NGINX: readonly Answered<NginxSettings>[] = [
  {
    name: 'nobody behind it',
    fates: [
      'tried again (UNAVAILABLE: the server answered HTTP 502 Bad Gateway)',
      'tried again (HTTP 502 Bad Gateway)',
    ],
  },
  {
    name: 'an answer that takes too long',
    receiver: NEVER,
    settings: { location: 'grpc_read_timeout 50ms; proxy_read_timeout 50ms;' },
    fates: [
      'tried again (UNAVAILABLE: the server answered HTTP 504 Gateway Timeout)',
      'tried again (HTTP 504 Gateway Timeout)',
    ],
  },
  {
    name: 'a body above its limit, which it does not read',
    receiver: {},
    settings: { server: 'client_max_body_size 10k;' },
    batch: large,
    fates: [
      'refused (UNKNOWN: the server answered HTTP 413 Payload Too Large)',
      'refused (HTTP 413 Payload Too Large)',
    ],
  },
  {
    name: "a message above the receiver's limit",
    receiver: SMALL,
    batch: large,
    fates: [begins('refused (RESOURCE_EXHAUSTED'), begins('refused (HTTP 413')],
  },
  {
    name: 'headers above its limit',
    receiver: {},
    exporter: { headers: { 'x-large': 'a'.repeat(40_000) } },
    fates: [
      'tried again (UNAVAILABLE: the connection broke (the server closed the connection))',
      'refused (HTTP 400 Bad Request)',
    ],
  },
  {
    name: 'errors turned into those of gRPC as its documentation has it: 204 without a content type',
    settings: {
      server:
        'default_type application/grpc; error_page 502 = @unavailable; ' +
        "location @unavailable { add_header grpc-status 14; add_header grpc-message 'unavailable'; return 204; }",
    },
    fates: ['tried again (UNAVAILABLE: unavailable)', 'taken'],
  },
  {
    name: 'a status of gRPC beside a page of HTML',
    settings: {
      server: 'default_type text/html;',
      location: "add_header grpc-status 14 always; return 502 '<html>';",
    },
    fates: ['tried again (UNAVAILABLE)', 'tried again (HTTP 502 Bad Gateway)'],
  },
  {
    name: 'headers of 50 KB in its answer',
    receiver: {},
    settings: {
      location: Array.from({ length: 17 }, (_, n) => `add_header x-${n} ${'b'.repeat(3000)} always;`).join(
        ' ',
      ),
    },
    fates: ['taken', 'taken'],
  },
];

const ENVOY: readonly Answered<EnvoySettings>[] = [
  {
    name: 'nobody behind it',
    fates: [begins('tried again (UNAVAILABLE: upstream'), begins('tried again (HTTP 503')],
  },
  {
    name: 'an answer that takes too long',
    receiver: NEVER,
    settings: { route: { timeout: '0.05s' } },
    fates: [
      'tried again (UNAVAILABLE: upstream request timeout)',
      'tried again (HTTP 504 Gateway Timeout: upstream request timeout)',
    ],
  },
  {
    name: "a message above the receiver's limit",
    receiver: SMALL,
    batch: large,
    fates: [begins('refused (RESOURCE_EXHAUSTED'), begins('refused (HTTP 413')],
  },
  {
    name: 'headers above its limit',
    receiver: {},
    settings: { manager: { max_request_headers_kb: 10 } },
    exporter: { headers: { 'x-large': 'a'.repeat(40_000) } },
    fates: ['tried again (the server reset the stream (INTERNAL_ERROR))', begins('refused (HTTP 431')],
  },
  {
    name: 'more requests than it lets through',
    receiver: {},
    settings: {
      cluster: {
        circuit_breakers: { thresholds: [{ max_requests: 0, max_connections: 0, max_pending_requests: 0 }] },
      },
    },
    fates: [begins('tried again (UNAVAILABLE'), begins('tried again (HTTP 503')],
  },
];

/** In words of the table. */
const inShort = (told: string): string => told.replace(/ \(HTTP.*/s, '').replace(/\(([A-Z_]+).*/s, '$1');

describe('nginx', () => {
  it.for(NGINX)('$name', async (answered, { skip }) => {
    const found = nginxProgram();
    if ('reason' in found) return skip(found.reason);
    const nginx = await startNginx(await waysTo(answered.receiver), certificates, answered.settings);
    onTestFinished(() => nginx.stop());
    expect(await fates(nginx, answered.batch ?? one, answered.exporter)).toEqual(answered.fates);
  });

  it('pages for statuses of HTTP', async ({ skip }) => {
    const found = nginxProgram();
    if ('reason' in found) return skip(found.reason);
    const answers = Object.keys(STATUSES).map(
      (status) => `if ($http_x_answer = ${status}) { return ${status}; }`,
    );
    const nginx = await startNginx(await waysTo(undefined), certificates, { location: answers.join(' ') });
    onTestFinished(() => nginx.stop());
    for (const [status, expected] of Object.entries(STATUSES)) {
      const told = await fates(nginx, one, asked(status));
      expect([status, ...told.map(inShort)]).toEqual([status, ...expected]);
    }
  });
});

describe('Envoy', () => {
  it.for(ENVOY)('$name', async (answered, { skip }) => {
    const found = envoyProgram();
    if ('reason' in found) return skip(found.reason);
    const envoy = await startEnvoy(await waysTo(answered.receiver), certificates, answered.settings);
    onTestFinished(() => envoy.stop());
    expect(await fates(envoy, answered.batch ?? one, answered.exporter)).toEqual(answered.fates);
  });

  it('its words for statuses of HTTP', async ({ skip }) => {
    const found = envoyProgram();
    if ('reason' in found) return skip(found.reason);
    const routes = Object.keys(STATUSES).map((status) => ({
      match: { prefix: '/', headers: [{ name: 'x-answer', string_match: { exact: status } }] },
      direct_response: { status: Number(status), body: { inline_string: '<html>' } },
    }));
    const envoy = await startEnvoy(await waysTo(undefined), certificates, { routes });
    onTestFinished(() => envoy.stop());
    for (const [status, expected] of Object.entries(STATUSES)) {
      const told = await fates(envoy, one, asked(status));
      expect([status, ...told.map(inShort)]).toEqual([status, ...expected]);
    }
  });
});
