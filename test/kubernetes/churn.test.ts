/**
 * The whole program against a cluster that never rests: every flow record's names are compared with what the lab knows.
 * TRIBUTARY_CHURN_MINUTES says for how long (one unless told otherwise; the proof is ten), TRIBUTARY_CHURN_SEED has a run's changes again.
 * TRIBUTARY_CHURN_TROUBLE says what befalls the API server meanwhile: `faults` (it fails, restarts and answers nonsense; so unless told
 * otherwise), `silence` (its watches fall silent as well, without an end of their connections), or `none`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { examineMachine } from '@tributary/bpf';
import { kubernetesProblems, labProblems, startFaultProxy } from '@tributary/lab';
import { expect, it } from 'vitest';
import { startAgent } from './agent.ts';
import { type Random, startChurn } from './churn.ts';
import { FlowCheck } from './flow-check.ts';
import { ExpiringCredentials, makeAgentAccount, makeTrouble } from './trouble.ts';

const MINUTES = Number(process.env['TRIBUTARY_CHURN_MINUTES'] ?? 1);
const SEED = Number(process.env['TRIBUTARY_CHURN_SEED'] ?? Date.now() % 1_000_000);
const TROUBLE = process.env['TRIBUTARY_CHURN_TROUBLE'] ?? 'faults';
/** What comes before and after the minutes: start, the last records, the end. */
const MARGIN_MS = 300_000;
/** A record may wait so long in the program before it is sent. */
const LAST_RECORDS_MS = 8_000;
/**
 * The share of ends that may have no name: those of pods that began, and of addresses that may have changed hands, while the API
 * server could tell of nothing for longer than records wait. On a machine that is busy its restarts take long.
 */
const MOST_UNNAMED = 0.3;
const problems = [...labProblems(), ...kubernetesProblems(), ...examineMachine().problems];

it(
  'every flow between pods has the right names while pods die, addresses are reused and tokens expire',
  async ({ skip }) => {
    skip(problems.length > 0, problems.join(' '));
    const random = seeded(SEED);
    await using cleanup = new AsyncDisposableStack();
    const churn = await startChurn(random);
    cleanup.defer(() => churn.stop());
    const { controlPlane, cluster } = churn.registered;
    const proxy = cleanup.use(await startFaultProxy(controlPlane));
    await makeAgentAccount(controlPlane);
    const credentials = new ExpiringCredentials(controlPlane);
    await credentials.renew();
    const check = new FlowCheck(churn.registered, churn.calls);
    const agent = await startAgent({
      kubeConfig: controlPlane.kubeConfig({ url: proxy.url, exec: ['cat', credentials.file] }),
      natNamespaces: cluster.nodes.map(({ namespace }) => namespace.path),
      onFlow: (flow) => check.take(flow),
    });
    let isStopped = false;
    const stop = async (): Promise<void> => {
      if (isStopped) return;
      isStopped = true;
      await agent.stop();
    };
    cleanup.defer(stop);

    const until = AbortSignal.timeout(MINUTES * 60_000);
    const comparing = setInterval(() => check.compare(), 1_000);
    cleanup.defer(() => clearInterval(comparing));
    const [trouble] = await Promise.all([
      TROUBLE === 'none'
        ? {}
        : makeTrouble(controlPlane, proxy, { random, isSilent: TROUBLE === 'silence', until }),
      churn.run(until),
      credentials.run(until),
    ]);
    await churn.quiet();
    await delay(LAST_RECORDS_MS);
    await stop();
    check.compare(true);

    const report = [
      `seed ${SEED}, ${MINUTES} min`,
      check.report(),
      `  changes: ${JSON.stringify(churn.changes)}`,
      `  trouble: ${JSON.stringify(trouble)}`,
      `  data points: ${agent.dataPoints()}`,
    ].join('\n');
    console.log(report);
    const { wrong, contradictions } = check;
    expect({ wrong, contradictions }, `${agent.log()}\n${report}`).toEqual({ wrong: 0, contradictions: 0 });
    expect(check.unnamedShare).toBeLessThan(MOST_UNNAMED);
    expect(check.ends).toBeGreaterThan(MINUTES * 2_000);
    expect(agent.dataPoints()).toBeGreaterThan(0);
  },
  MINUTES * 60_000 + MARGIN_MS,
);

/** Numbers that look random, the same for the same seed: a linear congruential generator. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
