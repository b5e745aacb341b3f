import { type FactSources, PipelineError } from '@tributary/core';

/**
 * Waits until the first lists of all who bring facts are complete.
 *
 * @throws PipelineError METADATA_TIMEOUT if they are not after `timeoutMs`
 */
export function waitForFacts(sources: FactSources, timeoutMs: number, where: string): Promise<void> {
  if (!sources.isLoading) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      stopListening();
      clearTimeout(timer);
      settle();
    };
    const timer = setTimeout(() => end(() => reject(timedOut(sources, timeoutMs, where))), timeoutMs);
    const stopListening = sources.onChange(() => {
      if (!sources.isLoading) end(resolve);
    });
  });
}

function timedOut(sources: FactSources, timeoutMs: number, where: string): PipelineError {
  const loading = sources.list().filter(({ state }) => state === 'loading');
  const names = loading.map(({ name }) => name).join(', ');
  return new PipelineError(
    'METADATA_TIMEOUT',
    `${where}: the first lists were not complete after ${timeoutMs / 1000} s (missing: ${names}). Look for what hinders them in the log, or raise wait_for_metadata_timeout.`,
  );
}
