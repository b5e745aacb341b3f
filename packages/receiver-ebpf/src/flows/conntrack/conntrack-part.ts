/**
 * Answers the question where the kernel's address translation sent a connection (`context.translate`), from the connection
 * tracking of the receiver's network namespace and of those that are configured. A node translates in its own namespace what
 * the pods send, so a node's agent asks there.
 */
import { inNetworkNamespace } from '@tributary/bpf';
import { type Connection, errorText, type Settings, type Translated } from '@tributary/core';
import type { Block } from '../../block.ts';
import type { ConntrackConfig } from './conntrack-config.ts';
import { ConntrackTable } from './conntrack-table.ts';

/** What became of questions, as attribute `outcome`. */
const OUTCOMES = ['translated', 'untranslated', 'unknown', 'ambiguous', 'failed'] as const;

/** Part of the `flows` block. It never fails: what it cannot do is said in the log, and it answers what it can. */
export class ConntrackPart implements Block {
  readonly #settings: Settings;
  readonly #config: ConntrackConfig;
  readonly #tables: ConntrackTable[] = [];
  readonly #questions = { translated: 0, untranslated: 0, unknown: 0, ambiguous: 0, failed: 0 };
  #removeTranslator: (() => void) | undefined;

  constructor(settings: Settings, config: ConntrackConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  async start(): Promise<void> {
    this.#open('own', openTable());
    for (const path of this.#config.network_namespaces) {
      const entered = inNetworkNamespace({ inode: 0, path }, openTable);
      this.#open(path, 'result' in entered ? entered.result : entered.problem);
    }
    if (this.#tables.length === 0) return;
    this.#removeTranslator = this.#settings.context.addTranslator(this.#translate);
    for (const outcome of OUTCOMES) {
      this.#settings.telemetry.observableCounter(
        'otelcol_receiver_ebpf_conntrack_questions',
        { description: 'Connections of which it was asked where they were sent.', unit: '{connection}' },
        () => this.#questions[outcome],
        { outcome },
      );
    }
  }

  async shutdown(): Promise<void> {
    this.#removeTranslator?.();
    for (const table of this.#tables.splice(0)) table.close();
  }

  #open(namespace: string, opened: ConntrackTable | string): void {
    if (typeof opened !== 'string') {
      this.#tables.push(opened);
      return;
    }
    this.#settings.logger.warn(
      { network_namespace: namespace, error: opened },
      'the backends of Services are not known from conntrack',
    );
  }

  /** Where two namespaces disagree, as two clusters with the same addresses may, nothing is certain. */
  readonly #translate = (connection: Connection): Translated | undefined => {
    let found: Translated | undefined;
    let outcome: (typeof OUTCOMES)[number] = 'unknown';
    for (const table of this.#tables) {
      const answer = table.find(connection);
      if (answer === 'none') continue;
      if (answer === 'failed') {
        if (outcome === 'unknown') outcome = 'failed';
      } else if (isSame(answer, connection)) {
        if (found === undefined) outcome = 'untranslated';
      } else if (found !== undefined && (found.address !== answer.address || found.port !== answer.port)) {
        this.#questions.ambiguous += 1;
        return undefined;
      } else {
        found = answer;
        outcome = 'translated';
      }
    }
    this.#questions[outcome] += 1;
    return found;
  };
}

/** The table of the present network namespace, or why there is none. */
function openTable(): ConntrackTable | string {
  try {
    const table = new ConntrackTable();
    const problem = table.problem();
    if (problem === undefined) return table;
    table.close();
    return problem;
  } catch (error) {
    return errorText(error);
  }
}

function isSame(answer: Translated, { destinationAddress, destinationPort }: Connection): boolean {
  return answer.address === destinationAddress && answer.port === destinationPort;
}
