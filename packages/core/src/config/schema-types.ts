/**
 * The building blocks of component schemas, beside zod's own. What they make keeps its JSON Schema (a string with a
 * pattern), so editors can check it.
 *
 * Two rules that every schema shares, applied before it sees the data:
 * - a key with nothing after it (`timeout:`) means the default, as in the Collector: where the schema wants an object
 *   the object is `{}`, else the key is left out, unless the schema itself takes null;
 * - a value that `${env:NAME}` brought is given as a string where the schema wants a string, else as YAML reads it.
 *
 * A message of a `refine` that begins with "expected" is completed with what was found.
 */
import { z } from 'zod';
import { DURATION_PATTERN, formatDuration, parseDuration } from './duration.ts';
import { splitHostPort } from './endpoint.ts';
import { ATTRIBUTE_VALUES } from './schema-walk.ts';

export { z };

/** What a `duration` may be. */
export interface DurationOptions<Default extends string | undefined = string | undefined> {
  /** The duration where none is given, as the user would write it. Without it the setting is required. */
  readonly default?: Default;
  /** The smallest value that is taken, as the user would write it; `0s` unless given. `-1ns` lets any negative through. */
  readonly min?: string;
  /** The largest value that is taken, as the user would write it. */
  readonly max?: string;
}

/** A duration in the Collector's syntax (`200ms`, `1m30s`, `0`); yields milliseconds. */
export function duration(options: DurationOptions<string>): DurationWithDefault;
export function duration(options?: DurationOptions<undefined>): RequiredDuration;
export function duration(options: DurationOptions = {}): DurationWithDefault | RequiredDuration {
  const minMs = limit(options.min ?? '0s');
  const maxMs = options.max === undefined ? Number.POSITIVE_INFINITY : limit(options.max);
  const problem = (input: unknown): string | undefined => {
    const ms = toMs(input);
    if (ms === undefined) return 'expected a duration with a unit, such as "10s", "200ms" or "1m30s"';
    if (ms < minMs) return `expected a duration of at least ${formatDuration(minMs)}`;
    if (ms > maxMs) return `expected a duration of at most ${formatDuration(maxMs)}`;
    return undefined;
  };
  const schema: RequiredDuration = z
    .custom<string | 0>((input) => problem(input) === undefined, {
      error: (issue) => problem(issue.input) ?? 'expected a duration',
    })
    .meta({ type: ['string', 'integer'], pattern: DURATION_PATTERN, minimum: 0, maximum: 0 })
    .transform((input) => toMs(input) as number);
  return options.default === undefined ? schema : schema.prefault(options.default);
}

/** The schema that `duration()` makes when it is given no default. */
export type RequiredDuration = z.ZodPipe<
  z.ZodCustom<string | 0, string | 0>,
  z.ZodTransform<number, string | 0>
>;

/** The schema that `duration()` makes when it is given a default. */
export type DurationWithDefault = z.ZodPrefault<RequiredDuration>;

/** A size in whole mebibytes, for keys that end in `_mib`; yields the same number. */
export function byteSizeMib(): z.ZodInt {
  return z.int().min(0).max(4_194_304);
}

/** A size or count of bytes, for keys that end in `_bytes` and the Collector's `*_size` in bytes; yields the number. */
export function byteSize(): z.ZodInt {
  return z.int().min(0);
}

/**
 * A secret: a token, a password, a header's value. Its value is never shown: not in an error, not in a printed
 * configuration, not in an editor's hint.
 */
export function opaqueString(): z.ZodString {
  return z.string().meta({ writeOnly: true });
}

/** A map of secrets by name, such as the headers of requests. */
export function opaqueMap(): z.ZodRecord<z.ZodString, z.ZodString> {
  return z.record(z.string(), opaqueString());
}

/**
 * The value of an attribute, lists and maps included: of the type that YAML gives it. A whole number that is written as a
 * double (`1.0`) yields a `DoubleValue`.
 */
export function attributeValue(): z.ZodUnknown {
  return z.unknown().register(ATTRIBUTE_VALUES, { keepsDoubles: true });
}

/** What an `endpoint` may look like. */
export type EndpointForm = 'listen' | 'grpc' | 'url';

const ENDPOINT_FORMS: Readonly<Record<EndpointForm, { expected: string; fits: (text: string) => boolean }>> =
  {
    listen: {
      expected: 'expected an address to listen on, such as "localhost:4317", "0.0.0.0:4317" or "[::1]:4317"',
      fits: (text) => splitHostPort(text) !== undefined,
    },
    grpc: {
      expected: 'expected "host:port", or a URL such as "https://host:4317" or "unix:///run/otel.sock"',
      fits: (text) => /^(?:unix:|dns:)/.test(text) || (text.includes('://') ? isUrl(text) : isTarget(text)),
    },
    url: {
      expected: 'expected a URL such as "http://localhost:4318"',
      fits: isUrl,
    },
  };

/**
 * An endpoint; yields the text as it is. `listen` is a `host:port` to bind to (`splitHostPort` takes it apart), `grpc` is
 * what gRPC clients take (`host:port` or a URL), `url` is an http or https URL.
 */
export function endpoint(form: EndpointForm = 'listen'): z.ZodString {
  const { expected, fits } = ENDPOINT_FORMS[form];
  return z.string().refine(fits, expected);
}

/** One of a few words, whatever their case, as the Collector reads levels; yields the word in lower case. */
export function keyword<const Words extends readonly [string, ...string[]]>(
  words: Words,
): z.ZodPipe<z.ZodCustom<string, string>, z.ZodTransform<Words[number], string>> {
  const known: readonly string[] = words;
  return z
    .custom<string>((input) => typeof input === 'string' && known.includes(input.toLowerCase()), {
      error: `expected one of ${words.map((word) => `"${word}"`).join(', ')}`,
    })
    .meta({ type: 'string', pattern: `^(?:${words.map(anyCase).join('|')})$`, examples: [...words] })
    .transform((input) => input.toLowerCase() as Words[number]);
}

function toMs(input: unknown): number | undefined {
  if (input === 0) return 0;
  return typeof input === 'string' ? parseDuration(input) : undefined;
}

function limit(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new TypeError(`"${text}" is no duration: the schema of a component is wrong`);
  return ms === -1e-6 ? Number.NEGATIVE_INFINITY : ms;
}

function isUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if ((url?.protocol !== 'http:' && url?.protocol !== 'https:') || url.hostname === '') return false;
  return isPercentEncoded(url.username) && isPercentEncoded(url.password);
}

/** `new URL` takes a bare `%` in credentials, and whoever decodes them later fails. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isTarget(text: string): boolean {
  const parts = splitHostPort(text);
  return parts !== undefined && parts.host !== '';
}

function anyCase(word: string): string {
  return word.replace(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
}
