/** Requests for the micro-benchmarks of the OTLP core, encoded by hand so that nothing that is measured makes them. */

const START_TIME_UNIX_NANO = 1_760_000_000_000_000_000n;

/** A request and what is in it. */
export interface Load {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly items: number;
}

/**
 * Twelve string attributes, as a server span of an HTTP service has them; a span comes to about 690 bytes, and
 * to 770 with `integers` of three. One attribute, as is usual, is longer than 127 bytes.
 */
export function spanLoad(count: number, integers: number): Load {
  const items = Array.from({ length: count }, (_, index) => field(2, span(index, integers)));
  return { name: 'span', bytes: request(items), items: count };
}

/** A log record comes to about 300 bytes. */
export function logLoad(count: number): Load {
  const items = Array.from({ length: count }, (_, index) => field(2, logRecord(index)));
  return { name: 'log record', bytes: request(items), items: count };
}

/** Sums of ten data points each; a point comes to about 170 bytes. */
export function metricLoad(count: number): Load {
  const metrics: Buffer[] = [];
  for (let index = 0; index < count; index += 10) {
    const points = Array.from({ length: 10 }, (_, point) => field(1, dataPoint(index + point)));
    const sum = Buffer.concat([...points, varintField(2, 2), varintField(3, 1)]);
    const head = [
      text(1, `http.server.request.count.${index}`),
      text(2, 'Requests answered'),
      text(3, '{request}'),
    ];
    metrics.push(field(2, Buffer.concat([...head, field(7, sum)])));
  }
  return { name: 'data point', bytes: request(metrics), items: count };
}

function request(items: readonly Buffer[]): Buffer {
  const resource = Buffer.concat([
    keyValue(1, 'service.name', text(1, 'checkout')),
    keyValue(1, 'service.namespace', text(1, 'shop')),
    keyValue(1, 'service.version', text(1, '2.14.3')),
    keyValue(1, 'k8s.namespace.name', text(1, 'shop')),
    keyValue(1, 'k8s.pod.name', text(1, 'checkout-7d9f8c5b64-x2x9q')),
    keyValue(1, 'k8s.pod.uid', text(1, '4b2e1f0a-9c3d-4e5f-8a7b-6c5d4e3f2a1b')),
    keyValue(1, 'k8s.node.name', text(1, 'ip-10-2-7-17.eu-central-1.compute.internal')),
    keyValue(1, 'telemetry.sdk.language', text(1, 'nodejs')),
  ]);
  const scope = Buffer.concat([text(1, '@opentelemetry/instrumentation-http'), text(2, '0.57.1')]);
  return field(1, Buffer.concat([field(1, resource), field(2, Buffer.concat([field(1, scope), ...items]))]));
}

function span(index: number, integers: number): Buffer {
  const start = START_TIME_UNIX_NANO + BigInt(index) * 1_234_567n;
  return Buffer.concat([
    field(1, pseudoRandom(index, 16)),
    field(2, pseudoRandom(index + 1, 8)),
    field(4, pseudoRandom(index + 2, 8)),
    text(5, 'GET /api/v1/orders/{id}'),
    varintField(6, 2),
    fixed64(7, start),
    fixed64(8, start + 40_000_000n),
    ...strings(index).map(([key, value]) => keyValue(9, key, text(1, value))),
    ...INTEGERS.slice(0, integers).map(([key, value]) => keyValue(9, key, varintField(3, value))),
    field(15, varintField(3, 1)),
  ]);
}

const INTEGERS: readonly (readonly [string, number])[] = [
  ['http.response.status_code', 200],
  ['server.port', 8443],
  ['network.peer.port', 43_127],
];

function strings(index: number): readonly (readonly [string, string])[] {
  return [
    ['http.request.method', 'GET'],
    ['http.route', '/api/v1/orders/{id}'],
    ['url.path', `/api/v1/orders/${3_000_000_000 - index}/items/9f8e7d6c5b4a/reservations`],
    ['url.scheme', 'https'],
    ['server.address', 'checkout.shop.svc.cluster.local'],
    ['client.address', `10.2.${index % 256}.17`],
    ['network.peer.address', `10.2.${index % 256}.17`],
    ['network.protocol.version', '1.1'],
    [
      'user_agent.original',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0',
    ],
    ['enduser.id', `user-${2_000_000_000 + index}`],
    ['app.order.id', `9f8e7d6c-${index}-5b4a3928-17263544-aabbccdd-00112233445566778899`],
    ['thread.name', `worker-${index % 16}`],
  ];
}

function logRecord(index: number): Buffer {
  const time = START_TIME_UNIX_NANO + BigInt(index) * 1_234_567n;
  return Buffer.concat([
    fixed64(1, time),
    fixed64(11, time + 1_000_000n),
    varintField(2, 9),
    text(3, 'INFO'),
    field(5, text(1, `order ${index} of customer 28736451 accepted after ${index % 900} ms`)),
    keyValue(6, 'http.response.status_code', varintField(3, 200)),
    keyValue(6, 'http.route', text(1, '/api/v1/orders/{id}')),
    keyValue(6, 'thread.name', text(1, `worker-${index % 16}`)),
    keyValue(6, 'code.function.name', text(1, 'OrderService.accept')),
    keyValue(6, 'app.order.id', text(1, `9f8e7d6c${index}`)),
    field(9, pseudoRandom(index, 16)),
    field(10, pseudoRandom(index + 1, 8)),
  ]);
}

function dataPoint(index: number): Buffer {
  return Buffer.concat([
    fixed64(2, START_TIME_UNIX_NANO),
    fixed64(3, START_TIME_UNIX_NANO + BigInt(index)),
    fixed64(6, BigInt(index)),
    keyValue(7, 'http.request.method', text(1, 'GET')),
    keyValue(7, 'http.response.status_code', varintField(3, 200)),
    keyValue(7, 'http.route', text(1, '/api/v1/orders/{id}')),
    keyValue(7, 'url.scheme', text(1, 'https')),
  ]);
}

function keyValue(number: number, key: string, value: Buffer): Buffer {
  return field(number, Buffer.concat([text(1, key), field(2, value)]));
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

function field(number: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(body.length), body]);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([number << 3]), varint(value)]);
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9, (number << 3) | 1);
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function pseudoRandom(seed: number, length: number): Buffer {
  let state = seed * 2_654_435_761;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return state >>> 24;
    }),
  );
}
