/** What the settings of both exporters have in common. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { type ConfigProblem, opaqueMap, z } from '@tributary/core';

/** The compressions of requests by the Collector's names, `''` and `none` for none. */
export const HTTP_COMPRESSIONS = ['gzip', 'zstd', 'snappy', 'zlib', 'deflate', 'none', ''] as const;
export const GRPC_COMPRESSIONS = ['gzip', 'zstd', 'snappy', 'none', ''] as const;

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

/** The `compression_params` setting. */
export function compressionParamsSchema() {
  return z
    .strictObject({
      level: z
        .int()
        .default(0)
        .describe(
          'How hard to compress: gzip, zlib and deflate -1 to 9, zstd 1 to 22; 0 for the default level.',
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
