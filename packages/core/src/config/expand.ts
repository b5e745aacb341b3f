/**
 * Substitution of `${…}`, by the rules of the Collector's confmap (confmap/expand.go):
 *
 * - `${scheme:rest}`; without a scheme it is an environment variable. `$NAME` stays as it is.
 * - A value that is one reference as a whole takes the type that YAML gives the text, and keeps the text for settings
 *   that want a string. A reference within a text puts in the text.
 * - What comes is expanded again; the innermost reference is expanded first. `$$` is a `$`, and an odd number of `$`
 *   before `${` keeps it from being expanded.
 *
 * Beyond the Collector: `${NAME:-default}` works without the scheme, one line break at the end of a file's text is
 * left off, and a reference after one that is escaped is still expanded.
 */
import { looksSecret } from './describe-value.ts';
import { Diagnostics, type Problem } from './diagnostic.ts';
import { type Expansion, readExpansion } from './expansion.ts';
import type { ConfigNode, ConfigPath, ScalarNode, Substitution } from './node.ts';
import {
  type ConfigUri,
  type ProviderContext,
  type Retrieved,
  RetrieveError,
  retrieve,
} from './providers.ts';
import { findReference, parseReference, showReference, unescapeDollars } from './references.ts';
import type { Origin } from './source.ts';

/** How many references a configuration may have, those in what they bring included. */
const MAX_EXPANSIONS = 10_000;

/** How many references one text may have, and how large it may become. */
const MAX_EXPANSIONS_OF_TEXT = 1000;
const MAX_TEXT_LENGTH = 1_048_576;

const TOO_MANY = 'too many recursive expansions';
const LITERAL_HINT = 'Write $${…} where the text is meant as it stands';

/** The references that led here, outermost first. */
type Chain = readonly string[];

/** Ends the expansion of one value; its error has been reported. */
class ExpansionFailed extends Error {}

/** Expands the references in configuration trees, and reports what goes wrong. */
export class Expander {
  /** The files that references brought, by their full paths. */
  readonly files = new Set<string>();

  readonly #context: ProviderContext;
  readonly #diagnostics: Diagnostics;
  readonly #retrieved: Map<string, Promise<Retrieved>>;
  #expansions = 0;

  constructor(
    context: ProviderContext,
    diagnostics: Diagnostics,
    retrieved = new Map<string, Promise<Retrieved>>(),
  ) {
    this.#context = context;
    this.#diagnostics = diagnostics;
    this.#retrieved = retrieved;
  }

  /** Gives the tree with every reference replaced; a value that cannot be made becomes `invalid`. */
  async expand(node: ConfigNode, path: ConfigPath = [], chain: Chain = []): Promise<ConfigNode> {
    if (node.kind === 'list') {
      const items: ConfigNode[] = [];
      for (const [index, item] of node.items.entries())
        items.push(await this.expand(item, [...path, index], chain));
      return { ...node, items };
    }
    if (node.kind === 'map') {
      const entries = new Map(node.entries);
      for (const [key, entry] of node.entries) {
        entries.set(key, { ...entry, value: await this.expand(entry.value, [...path, key], chain) });
      }
      return { ...node, entries };
    }
    if (node.kind === 'invalid' || typeof node.value !== 'string') return node;
    try {
      return await this.#expandScalar(node, node.value, path, chain);
    } catch (error) {
      if (!(error instanceof ExpansionFailed)) throw error;
      return { kind: 'invalid', origin: node.origin };
    }
  }

  async #expandScalar(node: ScalarNode, value: string, path: ConfigPath, chain: Chain): Promise<ConfigNode> {
    const { text, uris, whole } = await this.#expandText(value, node.origin, path, chain, true);
    if (whole !== undefined) {
      return await this.#expandWhole(node, whole, path, chain, whole === value ? undefined : uris);
    }
    const plain = unescapeDollars(text);
    const all = unique([...(node.substitution?.uris ?? []), ...uris]);
    if (uris.length > 0) return { ...node, value: plain, substitution: { uris: all } };
    return plain === value ? node : { ...node, value: plain };
  }

  /** A value that is one reference: it becomes what YAML makes of the text that comes. */
  async #expandWhole(
    node: ScalarNode,
    written: string,
    path: ConfigPath,
    chain: Chain,
    madeFrom: readonly string[] | undefined,
  ): Promise<ConfigNode> {
    const {
      retrieved,
      node: content,
      text,
      note,
    } = await this.#follow(node.origin, written, path, chain, madeFrom);
    const inner: Chain = [...chain, written];
    const value = await this.expand(content, path, inner);
    const isText = content.kind === 'scalar' && typeof content.value === 'string';
    const hasText = !isText && retrieved.isUnset !== true;
    const original = hasText ? await this.#textOf(text, node.origin, path, inner) : undefined;
    const substitution: Substitution = {
      uris: unique([...(node.substitution?.uris ?? []), written, ...(value.substitution?.uris ?? [])]),
      ...(original === undefined ? {} : { text: original }),
      ...(note === undefined ? {} : { note }),
    };
    return { ...value, substitution: { ...value.substitution, ...substitution } };
  }

  /**
   * Expands the references in a text, all that come with them too. With `stopsAtWhole` it stops when the text is one
   * reference, and returns that as `whole`.
   */
  async #expandText(
    value: string,
    origin: Origin,
    path: ConfigPath,
    chain: Chain,
    stopsAtWhole = false,
  ): Promise<{ readonly text: string; readonly uris: readonly string[]; readonly whole?: string }> {
    let text = value;
    const uris: string[] = [];
    for (let reference = findReference(text); reference !== undefined; reference = findReference(text)) {
      const { start, end } = reference;
      const written = text.slice(start, end);
      if (stopsAtWhole && written === text) return { text, uris, whole: written };
      const madeFrom = value.includes(written) ? undefined : [...uris];
      uris.push(written);
      const inner = await this.#follow(origin, written, path, chain, madeFrom);
      const { text: replacement } = await this.#expandText(inner.text, origin, path, [...chain, written]);
      text = text.slice(0, start) + replacement + text.slice(end);
      if (uris.length > MAX_EXPANSIONS_OF_TEXT || text.length > MAX_TEXT_LENGTH) {
        this.#fail(origin, path, { message: TOO_MANY });
      }
    }
    return { text, uris };
  }

  /** The text beside a typed value: where it cannot be made there is none, and nobody need know. */
  async #textOf(text: string, origin: Origin, path: ConfigPath, chain: Chain): Promise<string | undefined> {
    const quiet = new Expander(this.#context, new Diagnostics(), this.#retrieved);
    quiet.#expansions = this.#expansions;
    try {
      return unescapeDollars((await quiet.#expandText(text, origin, path, chain)).text);
    } catch (error) {
      if (error instanceof ExpansionFailed) return undefined;
      throw error;
    } finally {
      this.#expansions = quiet.#expansions;
    }
  }

  /** `madeFrom` are the references that brought a part of this one: what they brought is not shown. */
  async #follow(
    origin: Origin,
    written: string,
    path: ConfigPath,
    chain: Chain,
    madeFrom?: readonly string[],
  ): Promise<Expansion> {
    const place = placeOf(origin, written);
    const isSecret = written !== showReference(written) || looksSecret(path);
    if (chain.includes(written)) {
      const cycle = [...chain, written].map(showReference).join(' -> ');
      this.#fail(place, path, { message: `${TOO_MANY}: ${cycle}`, isSecret });
    }
    if (++this.#expansions > MAX_EXPANSIONS) this.#fail(place, path, { message: TOO_MANY, isSecret });
    const uri = parseReference(written.slice(2, -1));
    if (uri === undefined || uri.opaque.includes('$')) return this.#failMalformed(place, path, written, uri);
    try {
      const retrieved = await this.#retrieve(uri, origin.source.dir);
      if (retrieved.file !== undefined) this.files.add(retrieved.file);
      const { severity, ...notice } = retrieved.notice ?? { severity: undefined, message: '' };
      if (severity === 'warning') this.#diagnostics.warn(place, path, { ...notice, isSecret });
      if (severity === 'info') this.#diagnostics.info(place, path, { ...notice, isSecret });
      return readExpansion(retrieved, origin, written);
    } catch (error) {
      if (!(error instanceof RetrieveError)) throw error;
      if (madeFrom !== undefined) {
        const parts = madeFrom.map(showReference).join(', ');
        this.#fail(place, path, {
          message: `the reference made from ${parts} cannot be followed`,
          isSecret: true,
        });
      }
      if (error.isMalformed && looksSecret(path)) return this.#failMalformed(place, path, written, uri);
      const { message, suggestion } = error;
      const hint = error.hint ?? (error.isMalformed ? LITERAL_HINT : undefined);
      return this.#fail(place, path, {
        message: `${showReference(written)}: ${message}`,
        isSecret,
        ...(hint === undefined ? {} : { hint }),
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    }
  }

  async #retrieve(uri: ConfigUri, dir: string): Promise<Retrieved> {
    const key = `${dir}\n${uri.scheme}:${uri.opaque}`;
    const retrieved = this.#retrieved.get(key) ?? retrieve(uri, [this.#context.cwd, dir], this.#context);
    this.#retrieved.set(key, retrieved);
    return await retrieved;
  }

  /** Something between `${` and `}` that is no reference: most likely it was not meant as one, and may be a password. */
  #failMalformed(place: Origin, path: ConfigPath, written: string, uri: ConfigUri | undefined): never {
    const isSecret = looksSecret(path);
    const shown = isSecret ? '…' : written.slice(2, -1);
    const message = uri?.opaque.includes('$')
      ? `the uri "${shown}" contains unsupported characters ('$')`
      : `invalid uri: "${shown}"`;
    return this.#fail(place, path, { message, hint: LITERAL_HINT, isSecret });
  }

  #fail(origin: Origin, path: ConfigPath, problem: Problem): never {
    this.#diagnostics.error(origin, path, problem);
    throw new ExpansionFailed();
  }
}

/** The reference's own place within a value, where the source has it as written. */
function placeOf(origin: Origin, written: string): Origin {
  const { source, start, end } = origin;
  const at = source.text.indexOf(written, start);
  return at !== -1 && at + written.length <= end ? { source, start: at, end: at + written.length } : origin;
}

function unique(uris: readonly string[]): string[] {
  return [...new Set(uris)];
}
