import { byteSize, type ConfigProblem, duration, endpoint, opaqueMap, z } from '@tributary/core';

/** More tables than this are none. */
const MAX_TABLES = 32;

/** More columns than this that a row matches by are none: which of them a row has is one bit each. */
const MAX_MATCHED_COLUMNS = 30;

const column = () => z.string().min(1);

const fileSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('The file; a relative path is resolved against the folder of the configuration.'),
  interval: duration({ default: '5s', min: '100ms', max: '24h' }).describe(
    'How often it is looked whether the file has changed.',
  ),
});

const httpSchema = z.strictObject({
  endpoint: endpoint('url').describe('The URL that the table is fetched from.'),
  interval: duration({ default: '5m', min: '1s', max: '24h' }).describe(
    'How often it is asked for anew; a server that knows ETag or Last-Modified sends it only if it has changed.',
  ),
  timeout: duration({ default: '10s', min: '1ms', max: '10m' }).describe(
    'How long an answer may take as a whole.',
  ),
  headers: opaqueMap()
    .default({})
    .describe('Request headers, such as `Authorization`; take secrets from the environment or a file.'),
});

const matchSchema = z.strictObject({
  cidr: column()
    .optional()
    .describe(
      'The column with an address range (`10.2.0.0/16`) or an address; the smallest range around an address counts.',
    ),
  namespace: column().optional().describe('The column with the Kubernetes namespace.'),
  workload: column()
    .optional()
    .describe('The column with the name of the workload, or with its kind before it: `deployment/checkout`.'),
  dns_name: column()
    .optional()
    .describe('The column with a DNS name, or a suffix: `*.example.com` is every name below `example.com`.'),
  labels: z
    .record(z.string().min(1), column())
    .default({})
    .describe(
      'Columns with the values of labels, by the key of the label: of the pod, container, Service or node, else of the namespace.',
    ),
  attributes: z
    .record(z.string().min(1), column())
    .default({})
    .describe(
      'Columns with the values of attributes, by the name of the attribute without `source.` and `destination.`.',
    ),
});

const tableSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'expected 1 to 64 letters, digits, "_", "-" or "."')
    .describe('What the table is called in logs and metrics.'),
  file: fileSchema.optional().describe('Reads the table from a file, and again when it has changed.'),
  http: httpSchema.optional().describe('Fetches the table at an interval.'),
  format: z
    .enum(['csv', 'json', 'yaml'])
    .optional()
    .describe(
      'What the table is written in; by default as the name of the file or the path of the URL ends.',
    ),
  delimiter: z.string().length(1).default(',').describe('What stands between the columns of CSV.'),
  rows: z
    .string()
    .min(1)
    .optional()
    .describe(
      'JSON and YAML: where the list of rows is, such as `data.prefixes`; by default the document is the list.',
    ),
  match: matchSchema.describe(
    'What a row matches by: all that it has a value for. An empty cell matches everything.',
  ),
  attributes: z
    .record(z.string().min(1), column())
    .describe(
      'Columns with the values of the attributes that are added, by the name of the attribute. An empty cell adds nothing.',
    ),
  max_rows: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(1_000_000)
    .describe('Rows beyond this number are not used, but counted.'),
  max_size_bytes: byteSize()
    .default(256 * 1024 * 1024)
    .describe('A table that is larger is not read.'),
});

/** The settings of business tables. */
export const tablesConfigSchema = z
  .array(tableSchema)
  .max(MAX_TABLES)
  .default([])
  .describe(
    'Tables whose rows add attributes to the ends that they match. The first table that has a value for an attribute counts.',
  );

/** The settings of one table; durations in milliseconds. */
export type TableConfig = z.output<typeof tableSchema>;

/** The rules across the settings of the tables. */
export function validateTables(tables: readonly TableConfig[]): ConfigProblem[] {
  return tables.flatMap((table, index) => {
    const problems = [
      ...sourceProblems(table),
      ...matchProblems(table),
      ...(Object.keys(table.attributes).length === 0
        ? [{ path: ['attributes'], message: 'is empty. Name at least one attribute and its column.' }]
        : []),
      ...(tables.findIndex(({ name }) => name === table.name) < index
        ? [{ path: ['name'], message: `is that of another table (found "${table.name}"). Choose another.` }]
        : []),
    ];
    return problems.map(({ path, message }) => ({ path: ['tables', index, ...path], message }));
  });
}

function sourceProblems(table: TableConfig): ConfigProblem[] {
  const { file, http, rows } = table;
  if ((file === undefined) === (http === undefined)) {
    return [
      {
        path: [],
        message: `must have either file or http (found ${file === undefined ? 'neither' : 'both'}).`,
      },
    ];
  }
  const format = formatOf(table);
  if (format === undefined) {
    return [
      { path: ['format'], message: 'is not told by the ending of the name. Set it to csv, json or yaml.' },
    ];
  }
  if (rows === undefined || format !== 'csv') return [];
  return [{ path: ['rows'], message: 'is for json and yaml alone (found csv). Remove it.' }];
}

function matchProblems({ match }: TableConfig): ConfigProblem[] {
  const { cidr, labels, attributes, ...columns } = match;
  const others = [
    ...Object.values(columns).filter((name) => name !== undefined),
    ...Object.keys({ ...labels, ...attributes }),
  ];
  if (cidr !== undefined && others.length > 0) {
    return [
      {
        path: ['match', 'cidr'],
        message: 'stands alone: an address says nothing else. Make two tables of it.',
      },
    ];
  }
  if (others.length > MAX_MATCHED_COLUMNS) {
    return [
      {
        path: ['match'],
        message: `names too many columns (found ${others.length}). Name at most ${MAX_MATCHED_COLUMNS}.`,
      },
    ];
  }
  if (cidr === undefined && others.length === 0) {
    return [
      { path: ['match'], message: 'is empty. Name at least one column that says whom a row is about.' },
    ];
  }
  return [];
}

/** What a table is written in; undefined if neither the setting nor the name says. */
export function formatOf({ format, file, http }: TableConfig): 'csv' | 'json' | 'yaml' | undefined {
  if (format !== undefined) return format;
  const path = file?.path ?? (http === undefined ? '' : new URL(http.endpoint).pathname);
  const ending = /\.(csv|json|yaml|yml)$/i.exec(path)?.[1]?.toLowerCase();
  return ending === 'yml' ? 'yaml' : (ending as 'csv' | 'json' | 'yaml' | undefined);
}
