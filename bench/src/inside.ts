/**
 * What the bench asks of the process under test from within, loaded into it by `--import`. A process that is only measured
 * runs without it.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { copiedBytes, countCopies } from './copies.ts';

/** What may be asked; each question is answered with one message. */
export type Question =
  | { readonly ask: 'start-profile' }
  /** Writes the profile to a file. */
  | { readonly ask: 'stop-profile'; readonly file: string }
  /** From here on copies are counted, which makes everything slower. */
  | { readonly ask: 'count-copies' }
  /** Answered with the number of bytes that were copied since. */
  | { readonly ask: 'copied-bytes' };

const SAMPLE_INTERVAL_US = 200;

const session = new Session();

async function answer(question: Question): Promise<number> {
  switch (question.ask) {
    case 'start-profile':
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_INTERVAL_US });
      await session.post('Profiler.start');
      return 0;
    case 'stop-profile': {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      writeFileSync(question.file, JSON.stringify(profile));
      return 0;
    }
    case 'count-copies':
      countCopies();
      return 0;
    case 'copied-bytes':
      return copiedBytes();
  }
}

process.on('message', (question: Question) => {
  void answer(question).then((result) => process.send?.(result));
});
// The program ends when it has nothing to do any more, whether somebody may still ask or not.
process.channel?.unref();
