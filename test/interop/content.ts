/** What the programs send, and what arrived, without times and what the SDKs add of themselves. */
/** One way to send, as the programs read it. */
export interface Case {
  readonly name: string;
  readonly transport: 'grpc' | 'http';
  readonly endpoint: string;
  readonly encoding?: 'proto' | 'json';
  readonly compression: string;
  /** Whether it is to be refused: then a span is sent alone, once. */
  readonly refused?: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What a program tells of what it sent. */
export interface Ids {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** What was said of a case that was to be refused. */
  readonly complaints?: string;
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;
type Attributes = Readonly<Record<string, unknown>>;

/** What came of one case. */
export interface Arrived {
  readonly transports: readonly unknown[];
  readonly service: unknown;
  spans: unknown[];
  metrics: unknown[];
  logs: unknown[];
}

/** What every program sends for a case, and how. */
export const sent = (transport: unknown, { traceId, spanId }: Ids): Arrived => ({
  transports: [transport],
  service: 'shop',
  spans: [
    {
      scope: 'interop 1.2.3',
      traceId,
      spanId,
      name: 'POST /charge',
      kind: 2,
      attributes: {
        text: 'süß',
        number: '42',
        fraction: 0.5,
        yes: true,
        list: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] },
      },
      status: { message: 'declined', code: 2 },
    },
  ],
  metrics: [{ name: 'orders', unit: '{order}', isMonotonic: true, values: [['3', { region: 'eu' }]] }],
  logs: [{ body: 'order placed', severity: [9, 'INFO'], attributes: { user: 'ä' }, traceId, spanId }],
});

/** Sorts what came by its case. */
export function arrivedOf(
  batches: readonly { readonly transport: unknown; readonly json: unknown }[],
): Record<string, Arrived> {
  const cases: Record<string, Arrived & { transports: unknown[] }> = {};
  for (const { transport, json } of batches) {
    for (const group of groupsOf(json as Json)) {
      const resource = attributesOf((group['resource'] as Json)['attributes']);
      const name = String(resource['test.case']);
      const kept = cases[name] ?? nothing(resource['service.name']);
      cases[name] = kept;
      if (!kept.transports.includes(transport)) kept.transports.push(transport);
      for (const scope of listOf(group['scopeSpans']))
        kept.spans.push(...listOf(scope['spans']).map((each) => spanOf(each, scope['scope'] as Json)));
      for (const scope of listOf(group['scopeMetrics']))
        kept.metrics.push(...listOf(scope['metrics']).map(metricOf));
      for (const scope of listOf(group['scopeLogs']))
        kept.logs.push(...listOf(scope['logRecords']).map(logOf));
    }
  }
  return cases;
}

function nothing(service: unknown): Arrived & { transports: unknown[] } {
  return { transports: [], service, spans: [], metrics: [], logs: [] };
}

function groupsOf(json: Json): readonly Json[] {
  return [
    ...listOf(json['resourceSpans']),
    ...listOf(json['resourceMetrics']),
    ...listOf(json['resourceLogs']),
  ];
}

function listOf(value: unknown): readonly Json[] {
  return (value ?? []) as readonly Json[];
}

function attributesOf(list: unknown): Attributes {
  return Object.fromEntries(
    ((list ?? []) as readonly KeyValue[]).map(({ key, value }) => [key, Object.values(value)[0]]),
  );
}

function spanOf(span: Json, scope: Json): unknown {
  const { traceId, spanId, name, kind, status } = span;
  return {
    scope: `${scope['name']} ${scope['version']}`,
    traceId,
    spanId,
    name,
    kind,
    attributes: attributesOf(span['attributes']),
    status,
  };
}

function metricOf(metric: Json): unknown {
  const sum = metric['sum'] as Json;
  const values = listOf(sum['dataPoints']).map((point) => [
    // Some SDKs count in whole numbers, others not.
    String(point['asInt'] ?? point['asDouble']),
    attributesOf(point['attributes']),
  ]);
  return { name: metric['name'], unit: metric['unit'], isMonotonic: sum['isMonotonic'], values };
}

function logOf(log: Json): unknown {
  return {
    body: (log['body'] as Json)['stringValue'],
    severity: [log['severityNumber'], log['severityText']],
    attributes: attributesOf(log['attributes']),
    traceId: log['traceId'],
    spanId: log['spanId'],
  };
}
