import { errorText, isPermanent, PermanentError, PipelineError, RetryableError } from '../errors.ts';

/**
 * The one error that tells the sender of a batch that `refusals` of its `branches` refused it.
 *
 * It is permanent only if every refusal is: as long as one branch may still take the data, the sender keeps it. A
 * branch that refused for good refuses again, at no cost but the work; one that accepted gets the data once more with
 * every attempt. So delivery is at least once, nothing is lost because another branch would never have taken it, and
 * the repetition ends with the last branch that asked for it, or with the sender's own limit. (In the Collector one
 * permanent refusal makes the whole permanent, and what the other branch could not take just now is lost.) A sending
 * queue in front of an unreliable branch keeps its troubles from the others.
 *
 * The delay is the longest that a branch asked for. A single refusal is handed on as it is.
 */
export function combineRefusals(refusals: readonly unknown[], branches: number): unknown {
  if (refusals.length === 1) return refusals[0];
  const texts = new Set(refusals.map((error) => errorText(error).replace(/\.$/, '')));
  const message = `fan-out: ${refusals.length} of ${branches} consumers refused the data (${[...texts].join('; ')}).`;
  const retryable = refusals.filter((error) => !isPermanent(error));
  const status = (retryable.length > 0 ? retryable : refusals).map(statusOf).find((own) => own !== undefined);
  const options = {
    cause: new AggregateError(refusals),
    ...(status === undefined ? {} : { status }),
  };
  if (retryable.length === 0) return new PermanentError('BRANCHES_REFUSED', message, options);
  const delays = retryable.map(delayOf).filter((delay) => delay !== undefined);
  const delayMs = delays.length === 0 ? undefined : Math.max(...delays);
  return new RetryableError('BRANCHES_REFUSED', message, {
    ...options,
    ...(delayMs === undefined ? {} : { delayMs }),
  });
}

function statusOf(error: unknown): number | undefined {
  return error instanceof PipelineError ? error.status : undefined;
}

function delayOf(error: unknown): number | undefined {
  return error instanceof RetryableError ? error.delayMs : undefined;
}
