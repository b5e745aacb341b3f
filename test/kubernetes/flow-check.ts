/** Compares what flow records say of their ends with what the lab knows. */
import type { Pod, RegisteredCluster } from '@tributary/lab';
import type { FlowRecord } from './agent.ts';
import type { Calls, KnownCall } from './calls.ts';

/** Records are compared after so long, when those who made the connection have told of it. */
const SETTLE_MS = 5_000;
/** A connection of which nobody saw the beginning began at most so long before. */
const LONGEST_MS = 6_000;
/** More wrong ends than this are counted and not described. */
const MOST_DESCRIBED = 20;
const ENDS = ['source', 'destination'] as const;
const OWNER_KINDS = ['deployment', 'statefulset', 'daemonset', 'cronjob'] as const;
const IDENTITY =
  /\.(?:address|port|observer|state|end_reason|duration|connect_duration|retransmits)$|_duration$/;
type End = (typeof ENDS)[number];

/** Who was at an end. */
interface Truth {
  /** The pod; more than one, or none, where it cannot be told. */
  readonly pods: readonly Pod[];
  /** Whether a name must be there: the one pod is known. */
  readonly isSure: boolean;
}

/** What came out of all comparisons. */
export class FlowCheck {
  flows = 0;
  /** Ends of which it is known who they were, and those of them that had a name. */
  ends = 0;
  named = 0;
  /** Ends with a name of which it is not known whether it is theirs. */
  unverified = 0;
  /** Ends with a name that is not theirs. */
  wrong = 0;
  /** Ends of which the lab itself says two things. */
  contradictions = 0;
  readonly descriptions: string[] = [];
  /** How many ends had no name, or not all of it, by what was known of them. */
  readonly unnamed = new Map<string, number>();
  readonly matches = new Map<string, number>();
  readonly #registered: RegisteredCluster;
  readonly #calls: Calls;
  readonly #waiting: FlowRecord[] = [];

  constructor(registered: RegisteredCluster, calls: Calls) {
    this.#registered = registered;
    this.#calls = calls;
  }

  /** Takes a record, to be compared a little later. Those of other clusters on this machine are left out. */
  take(flow: FlowRecord): void {
    const { cluster } = this.#registered;
    const addresses = ENDS.map((end) => String(flow.attributes[`${end}.address`]));
    if (addresses.some((address) => cluster.has(address))) this.#waiting.push(flow);
  }

  /** Compares what has waited long enough, or all. */
  compare(all = false): void {
    const before = Date.now() - SETTLE_MS;
    while (this.#waiting.length > 0) {
      if (!all && (this.#waiting[0] as FlowRecord).timeMs > before) return;
      this.#compare(this.#waiting.shift() as FlowRecord);
    }
  }

  /** All of it in a few lines. */
  report(): string {
    const list = (counts: ReadonlyMap<string, number>): string =>
      [...counts].map(([key, count]) => `\n    ${count} ${key}`).join('');
    return [
      `${this.flows} flow records, ${this.#calls.count} calls; ${this.ends} ends whose pod is known`,
      `  unnamed: ${this.ends - this.named} (${(this.unnamedShare * 100).toFixed(3)} %)`,
      `  named, and not known whether rightly: ${this.unverified}`,
      `  wrong: ${this.wrong}; the lab contradicts itself: ${this.contradictions}`,
      `  how they were found:${list(this.matches)}`,
      `  what was missing:${list(this.unnamed)}`,
      ...this.descriptions,
    ].join('\n');
  }

  /** How many of the ends whose pod is known have no name, from 0 to 1. */
  get unnamedShare(): number {
    return this.ends === 0 ? 0 : (this.ends - this.named) / this.ends;
  }

  #compare(flow: FlowRecord): void {
    const { attributes, timeMs } = flow;
    const duration = attributes['flow.duration'];
    const lastedMs = typeof duration === 'number' ? duration * 1000 : undefined;
    const startMs = timeMs - (lastedMs ?? 0);
    const found = this.#calls.find(
      `${attributes['source.address']}:${attributes['source.port']}`,
      String(attributes['destination.address']),
      lastedMs === undefined ? timeMs - LONGEST_MS : startMs,
      startMs,
    );
    const call = found !== undefined && this.#isAnothers(flow, found) ? undefined : found;
    this.flows += 1;
    for (const end of ENDS) {
      count(this.matches, `${end} by ${String(attributes[`${end}.match`])}`);
      this.#compareEnd(flow, end, this.#truth(flow, end, startMs, call));
    }
    this.#compareService(flow, startMs, call);
  }

  /**
   * Whether a call of a service was answered by somebody else than the one whose socket this is. A caller's port may be that of calls
   * to several services at once, of which one was not told of: its pod died before.
   */
  #isAnothers({ attributes }: FlowRecord, { remoteAddress, answeredBy }: KnownCall): boolean {
    if (attributes['flow.observer'] !== 'destination' || remoteAddress === attributes['destination.address'])
      return false;
    const own = this.#registered.holders.podOf(String(attributes['container.id']));
    const answered = this.#calls.podOf(answeredBy);
    return own !== undefined && answered !== undefined && own !== answered;
  }

  /**
   * Its own socket's container tells, and who made the call or answered it; they must agree, else the lab does not know
   * itself (but where nobody saw the beginning: then the call may be the next with the same ports). For others it is who had the address. Where nobody had it for certain when the connection began, or somebody else
   * had it before it ended, any of them may have been met, for what is not answered is sent again.
   */
  #truth(flow: FlowRecord, end: End, startMs: number, call: KnownCall | undefined): Truth {
    const { attributes, timeMs } = flow;
    const { holders } = this.#registered;
    const isOwn = attributes['flow.observer'] === end;
    const own = isOwn ? holders.podOf(String(attributes['container.id'])) : undefined;
    const spoke = end === 'source' ? call?.from : this.#calls.podOf(call?.answeredBy ?? '');
    const hasBegin = attributes['flow.duration'] !== undefined;
    if (own !== undefined && spoke !== undefined && own !== spoke && hasBegin) {
      this.contradictions += 1;
      this.#add(`  the lab says ${own.ref} and ${spoke.ref}`, flow);
    }
    const known = own ?? spoke;
    if (known !== undefined) return { pods: [known], isSure: true };
    const address = String(attributes[`${end}.address`]);
    const holder = holders.podAt(address, startMs);
    const around = holders.podsAround(address, startMs, timeMs);
    if (holder !== undefined && around.at(-1) === holder) return { pods: [holder], isSure: true };
    return { pods: around, isSure: false };
  }

  #compareEnd(flow: FlowRecord, end: End, { pods, isSure }: Truth): void {
    const name = flow.attributes[`${end}.k8s.pod.name`];
    const pod = pods.find((each) => this.#isNamed(flow, end, each));
    if (isSure) this.ends += 1;
    if (name === undefined) {
      if (isSure) this.#missing(flow, end, pods[0] as Pod);
    } else if (pods.length === 0) {
      // Behind a service or a node somebody answered who has not told of it.
      this.unverified += 1;
    } else if (pod === undefined) {
      this.#describe(flow, end, pods.map(({ ref, uid }) => `${ref} (${uid})`).join(' or '));
    } else {
      if (isSure) this.named += 1;
      this.#compareRest(flow, end, pod);
    }
  }

  /** A static pod has another UID at the API server than in its cgroup. */
  #isNamed({ attributes }: FlowRecord, end: End, pod: Pod): boolean {
    const uid = attributes[`${end}.k8s.pod.uid`];
    return (
      attributes[`${end}.k8s.pod.name`] === pod.name &&
      attributes[`${end}.k8s.namespace.name`] === pod.namespace &&
      (uid === pod.uid || pod.uid.length === 32)
    );
  }

  /** Owner, node and zone of a pod that was named. */
  #compareRest(flow: FlowRecord, end: End, pod: Pod): void {
    const number = this.#registered.cluster.nodes.find(({ name }) => name === pod.node)?.number ?? 0;
    const expected: Record<string, string | undefined> = {
      'k8s.node.name': pod.node,
      'cloud.availability_zone': `lab-1${String.fromCharCode(96 + number)}`,
    };
    for (const kind of OWNER_KINDS) {
      expected[`k8s.${kind}.name`] = pod.owner?.kind.toLowerCase() === kind ? pod.owner.name : undefined;
    }
    for (const [key, value] of Object.entries(expected)) {
      const said = flow.attributes[`${end}.${key}`];
      if (said === value) continue;
      if (said === undefined) count(this.unnamed, `${end}.${key} of a pod that was named`);
      else this.#describe(flow, end, `${key} ${value}`);
    }
  }

  #compareService(flow: FlowRecord, startMs: number, call: KnownCall | undefined): void {
    const isClients = flow.attributes['flow.observer'] === 'source';
    const called = call?.remoteAddress ?? (isClients ? String(flow.attributes['destination.address']) : '');
    if (called === '') return;
    const service = this.#registered.holders.serviceAt(called, call?.startMs ?? startMs);
    const said = flow.attributes['destination.k8s.service.name'];
    // The address is a pod's, or that of a service that is made or removed just then.
    if (service === undefined || said === service.name) return;
    if (said === undefined) {
      count(
        this.unnamed,
        `destination.k8s.service.name in the record of the ${isClients ? 'caller' : 'called'}`,
      );
    } else {
      this.#describe(flow, 'destination', `service ${service.name}`);
    }
  }

  #missing(flow: FlowRecord, end: End, pod: Pod): void {
    const { attributes } = flow;
    const observer = attributes['flow.observer'] === end ? 'own end' : 'other end';
    const kind = pod.isHostNetwork ? 'a pod in its node' : 'a pod';
    count(
      this.unnamed,
      `pod name of the ${end}, ${observer}, ${kind}, found by ${String(attributes[`${end}.match`])}, ended ${String(attributes['flow.end_reason'])}`,
    );
  }

  #describe(flow: FlowRecord, end: End, expected: string): void {
    this.wrong += 1;
    const kept = Object.entries(flow.attributes).filter(([key]) => key.startsWith(end) || IDENTITY.test(key));
    this.#add(`  wrong ${end}, should be ${expected}`, { ...flow, attributes: Object.fromEntries(kept) });
  }

  #add(what: string, flow: FlowRecord): void {
    if (this.descriptions.length < MOST_DESCRIBED) this.descriptions.push(`${what}: ${JSON.stringify(flow)}`);
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
