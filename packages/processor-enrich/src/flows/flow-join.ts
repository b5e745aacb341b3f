/** Says of the flows of a batch who is at their ends. */
import {
  type AddressKey,
  ATTR_DESTINATION_MATCH,
  ATTR_DESTINATION_MATCH_STALE,
  ATTR_DESTINATION_NAT_ADDRESS,
  ATTR_DESTINATION_NAT_PORT,
  ATTR_NETWORK_FLOW_SCOPE,
  ATTR_SOURCE_MATCH,
  ATTR_SOURCE_MATCH_STALE,
  type Attributes,
  addressText,
  type Batch,
  type Context,
  EncodedAttributes,
  endpointKey,
  type ItemBytes,
  type Memory,
} from '@tributary/core';
import { type EndTables, MATCHES, type Match } from '../end-facts.ts';
import { AddressHolders } from './address-holders.ts';
import { type End, omitStale } from './end.ts';
import { EndFinder } from './end-finder.ts';
import { END_STATES, type Flow } from './flow.ts';
import type { FlowMetrics } from './flow-metrics.ts';
import { FlowReader } from './flow-reader.ts';
import { Generations } from './generations.ts';
import type { KnownEnd } from './known-end.ts';
import { KnownEnds } from './known-ends.ts';
import { OtherHolders } from './other-holders.ts';
import { PeerSockets } from './peer-sockets.ts';
import { type FlowScope, isPublic, OUTSIDE, type Place, SCOPES, scopeOf } from './places.ts';
import { SidedAttributes } from './sided-attributes.ts';
import type { Side } from './sides.ts';
import { Translations } from './translations.ts';

const MATCH_ATTRIBUTES = Object.fromEntries(
  MATCHES.map((match) => [match, new SidedAttributes({ match })]),
) as Record<Match, SidedAttributes>;
const STALE = new SidedAttributes({ 'match.stale': true });
const SCOPE_FIELDS = Object.fromEntries(
  SCOPES.map((scope) => [
    scope,
    new EncodedAttributes([[ATTR_NETWORK_FLOW_SCOPE, scope]]).fieldsOf('logRecord'),
  ]),
) as Record<FlowScope, Memory>;

/** As many backends are kept in encoded form. */
const MAX_BACKENDS = 65_536;

/** The flows of a batch in their order; undefined for what is none. */
export type NotedFlows = readonly (Flow | undefined)[];

/** What is needed beside the context. */
export interface FlowJoinOptions {
  readonly tables: EndTables;
  readonly metrics: FlowMetrics;
  readonly maxConnections: number;
  /** What becomes of names that may be another's by now; not told: they are omitted. */
  readonly stale?: 'omit' | 'mark';
  /** A steady clock, in milliseconds. */
  readonly monotonicMs?: () => number;
}

/** See the head of this file. */
export class FlowJoin {
  readonly #context: Context;
  readonly #tables: EndTables;
  readonly #metrics: FlowMetrics;
  readonly #reader = new FlowReader();
  readonly #holders: AddressHolders;
  readonly #peers: PeerSockets;
  readonly #translations: Translations;
  readonly #finder: EndFinder;
  readonly #known: KnownEnds;
  readonly #backends = new Generations<string | number, Memory>(MAX_BACKENDS);
  readonly #omitsStale: boolean;
  readonly #monotonicMs: () => number;
  /** Since when what happens has not been seen. */
  #staleSince = Number.POSITIVE_INFINITY;

  constructor(context: Context, options: FlowJoinOptions) {
    const { tables, metrics, maxConnections, monotonicMs = () => performance.now() } = options;
    this.#monotonicMs = monotonicMs;
    this.#omitsStale = options.stale !== 'mark';
    this.#context = context;
    this.#tables = tables;
    this.#metrics = metrics;
    this.#holders = new AddressHolders(context, maxConnections);
    this.#peers = new PeerSockets(context, maxConnections);
    this.#translations = new Translations(context);
    this.#finder = new EndFinder(
      context,
      new OtherHolders(context, this.#holders),
      this.#peers,
      this.#translations,
    );
    this.#known = new KnownEnds(context, tables);
    metrics.observe(this.#peers);
  }

  /**
   * Reads the flows of a batch, and remembers whose the sockets are that they were seen at, to tell the other ends. What
   * this returns is what `join` needs of the batch.
   */
  note(batch: Batch): NotedFlows {
    this.#begin();
    const flows: (Flow | undefined)[] = [];
    batch.editItemBytes({
      enter: (resource) => this.#reader.enter(resource),
      edit: (item) => {
        const flow = this.#reader.read(item);
        if (flow !== undefined) this.#noteFlow(flow);
        flows.push(flow);
      },
    });
    return flows;
  }

  /** Adds to each flow of a batch what is known of its ends. */
  join(batch: Batch, flows: NotedFlows): void {
    this.#begin();
    let index = 0;
    batch.editItemBytes({
      edit: (item, attributes) => {
        const flow = flows[index++];
        if (flow !== undefined) this.#joinFlow(flow, item, attributes);
      },
    });
  }

  #noteFlow(flow: Flow): void {
    this.#peers.note(flow);
    const address = flow.observer === 'source' ? flow.source : flow.destination;
    if (flow.observer === undefined || address === undefined) return;
    this.#holders.note(address, flow.owner, flow.beginMs, flow.timeMs);
  }

  #begin(): void {
    const nowMs = this.#monotonicMs();
    this.#reader.begin(Date.now(), nowMs);
    this.#peers.age(nowMs);
    this.#holders.age(nowMs);
    this.#translations.age(nowMs);
    this.#known.begin(nowMs);
    this.#staleSince = this.#context.sources.staleSince;
  }

  #joinFlow(flow: Flow, item: ItemBytes, attributes: Attributes): void {
    const isSourceFound = flow.sourceEnd === END_STATES.found;
    const isDestinationFound = flow.destinationEnd === END_STATES.found;
    if (isSourceFound && isDestinationFound) return;
    this.#finder.find(flow);
    const { source, destination } = this.#finder;
    if (flow.beginMs >= this.#staleSince) {
      this.#doubt(source);
      this.#doubt(destination);
    }
    const from = this.#known.of(source);
    const to = this.#known.of(destination);
    if (!isSourceFound) this.#writeEnd(flow, item, attributes, 'source', source, from);
    if (!isDestinationFound) {
      this.#writeEnd(flow, item, attributes, 'destination', destination, to);
      if (destination.nat !== undefined) item.append(this.#backend(destination.nat, destination.natPort));
    }
    if (flow.hasScope) return;
    const scope = scopeOf(placeOf(from, flow.source), placeOf(to, flow.destination));
    if (scope !== undefined) item.append(SCOPE_FIELDS[scope]);
  }

  /** Nobody has told whose addresses are since this flow began. */
  #doubt(end: End): void {
    end.isStale = end.restsOnAddress || end.service !== undefined;
    if (this.#omitsStale) omitStale(end);
  }

  #writeEnd(
    flow: Flow,
    item: ItemBytes,
    attributes: Attributes,
    side: Side,
    end: End,
    known: KnownEnd | undefined,
  ): void {
    const address = side === 'source' ? flow.source : flow.destination;
    const state = side === 'source' ? flow.sourceEnd : flow.destinationEnd;
    const row = address === undefined ? undefined : this.#tables.ofAddress(address);
    const match = end.match === 'none' && row !== undefined ? 'cidr' : end.match;
    this.#metrics.matched(side, match);
    // An earlier join has looked in vain already, and told what else it knows of the end.
    const isUnfound = state === END_STATES.unfound || state === END_STATES.unfoundButTold;
    if (isUnfound && match === 'none') return;
    if (isUnfound) {
      attributes.delete(side === 'source' ? ATTR_SOURCE_MATCH : ATTR_DESTINATION_MATCH);
      attributes.delete(side === 'source' ? ATTR_SOURCE_MATCH_STALE : ATTR_DESTINATION_MATCH_STALE);
    }
    item.append(MATCH_ATTRIBUTES[match].fields(side));
    if (end.isStale) item.append(STALE.fields(side));
    const isTold = state === END_STATES.told || state === END_STATES.unfoundButTold;
    if (known !== undefined) {
      if (isTold) attributes.addMissing(this.#known.told(known).encoded(side));
      else this.#known.append(item, side, known);
    }
    if (row !== undefined) write(item, attributes, side, this.#known.row(known, row), isTold);
    if (end.executable !== undefined) write(item, attributes, side, end.executable, isTold);
  }

  #backend(address: AddressKey, port: number): Memory {
    const key = endpointKey(address, port, 'tcp');
    let fields = this.#backends.get(key);
    if (fields === undefined) {
      fields = new EncodedAttributes([
        [ATTR_DESTINATION_NAT_ADDRESS, addressText(address)],
        [ATTR_DESTINATION_NAT_PORT, port],
      ]).fieldsOf('logRecord');
      this.#backends.set(key, fields);
    }
    return fields;
  }
}

/** Adds attributes of an end; where somebody has told something of it already, only those that are missing. */
function write(
  item: ItemBytes,
  attributes: Attributes,
  side: Side,
  added: SidedAttributes,
  isTold: boolean,
): void {
  if (isTold) attributes.addMissing(added.encoded(side));
  else item.append(added.fields(side));
}

function placeOf(known: KnownEnd | undefined, address: AddressKey | undefined): Place | undefined {
  if (known !== undefined) return known.place;
  return address !== undefined && isPublic(address) ? OUTSIDE : undefined;
}
