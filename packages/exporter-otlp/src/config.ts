/** What the settings of both exporters have in common. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import {
  type CompressionType,
  type ConfigProblem,
  opaqueMap,
  type RequestCompression,
  z,
} from '@tributary/core';

/** The compressions of requests by the Collector's names, `''` and `none` for none. */
export const HTTP_COMPRESSIONS = [
  'gzip',
  'zstd',
  'snappy',
  'x-snappy-framed',
  'zlib',
  'deflate',
  'lz4',
  'none',
  '',
] as const;
/** The Collector has no `deflate` over gRPC, but the gRPC libraries of Python and Node read it. */
export const GRPC_COMPRESSIONS = ['gzip', 'zstd', 'snappy', 'deflate', 'none', ''] as const;

/** The levels that a compression takes; a compression that is not here has none. */
const LEVELS: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
  gzip: { min: -1, max: 9 },
  zlib: { min: -1, max: 9 },
  deflate: { min: -1, max: 9 },
  zstd: { min: 1, max: 22 },
};

/** The `headers` setting. */
export function headersSchema() {
  return opaqueMap()
    .default({})
    .describe('Sent with every request. The values count as secrets: they are never shown.');
}

/** The `compression_params` setting; `concatenated` names the compressions that are concatenated unless told otherwise. */
export function compressionParamsSchema(concatenated: string) {
  return z
    .strictObject({
      level: z
        .int()
        .default(0)
        .describe(
          'How hard to compress: gzip, zlib and deflate -1 to 9, zstd 1 to 22; 0 for the default level, which is 1 of zstd and 6 of the others.',
        ),
      concatenate: z
        .boolean()
        .optional()
        .describe(
          'Whether requests that were put together are sent as several gzip members or zstd frames, each in the form in which it ' +
            `came, which not every backend reads. Default: ${concatenated}. An addition to the settings of the Collector.`,
        ),
    })
    .prefault({})
    .describe('How to compress.');
}

/** Settings of the Collector that need extensions which are not there. */
export const EXTENSION_SETTINGS = {
  auth: unavailable('auth', 'authentication extensions are not there; put the credentials in "headers"'),
  middlewares: unavailable('middlewares', 'middleware extensions are not there'),
};

/** A setting of the Collector that is refused with a reason. */
export function unavailable(name: string, reason: string) {
  return z.never(`expected no "${name}": ${reason}`).optional().describe(`Not available: ${reason}.`);
}

/** How requests are compressed; undefined for not. */
export function requestCompression(
  type: CompressionType | undefined,
  { level, concatenate }: { readonly level: number; readonly concatenate?: boolean | undefined },
  concatenated: readonly CompressionType[],
): RequestCompression | undefined {
  return type === undefined
    ? undefined
    : { type, level: level || undefined, concatenates: concatenate ?? concatenated.includes(type) };
}

/** Finds a request for concatenation that the compression does not have. */
export function concatenateProblems(
  compression: string,
  concatenate: boolean | undefined,
): readonly ConfigProblem[] {
  if (concatenate !== true || compression === 'gzip' || compression === 'zstd') return [];
  const found = compression === '' ? 'none' : compression;
  return [
    {
      path: ['compression_params', 'concatenate'],
      message: `is on, but only gzip and zstd can be concatenated (found "${found}"). Remove it.`,
    },
  ];
}

/** Finds a compression level that the compression does not have. */
export function levelProblems(compression: string, level: number): readonly ConfigProblem[] {
  if (level === 0 || compression === 'none' || compression === '') return [];
  const range = LEVELS[compression];
  const path = ['compression_params', 'level'];
  if (range === undefined) {
    return [{ path, message: `is set (${level}), but ${compression} has no levels. Remove it.` }];
  }
  if (level >= range.min && level <= range.max) return [];
  return [
    {
      path,
      message: `is not a level of ${compression} (${level}). Choose from ${range.min} to ${range.max}, or 0 for the default.`,
    },
  ];
}

/** Finds headers that cannot be sent, or that the exporter sets by itself. Values are not shown. */
export function headerProblems(
  headers: Readonly<Record<string, string>>,
  reserved: (name: string) => boolean,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const path = ['headers', name];
    if (!isValid(() => validateHeaderName(name))) {
      problems.push({ path, message: 'is not a name of a header. Use letters, digits and "-".' });
    } else if (reserved(name.toLowerCase())) {
      problems.push({ path, message: 'is set by the exporter itself. Remove it.' });
    } else if (!isValid(() => validateHeaderValue(name, value))) {
      problems.push({
        path,
        message: 'has a value with characters that a header cannot hold, such as line ends. Correct it.',
      });
    }
  }
  return problems;
}

function isValid(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
