import { CONTRACT_MODES, type ContractMode, checkReceiverContract, Subject } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { type Answering, honest, lineClient, toyReceiver } from './toys.ts';

/** Which promises a receiver that answers in this way breaks. */
async function broken(answering: Answering, mode: ContractMode): Promise<string[]> {
  const violations = await checkReceiverContract(
    new Subject(toyReceiver(answering)),
    {
      signal: 'logs',
      connect: ({ component }) => lineClient(component),
    },
    mode,
  );
  return Object.entries(violations)
    .filter(([, numbers]) => numbers.length > 0)
    .map(([promise]) => promise);
}

describe('the contract check of receivers', () => {
  it.each(CONTRACT_MODES)('finds nothing in an honest one when the pipeline %s', async (mode) => {
    expect(await broken(honest, mode)).toEqual([]);
  });

  it('sees data that is acknowledged before the pipeline has accepted it', async () => {
    const hasty: Answering = async (consume) => {
      consume().catch(() => undefined);
      return 'accepted';
    };
    expect(await broken(hasty, 'accepts')).toEqual([]);
    expect(await broken(hasty, 'refuses for now')).toEqual(['lost']);
    expect(await broken(hasty, 'refuses for good')).toEqual(['lost']);
  });

  it('sees data that is handed on again after it was refused for good', async () => {
    const stubborn: Answering = async (consume) => {
      await consume().catch(() => undefined);
      return honest(consume);
    };
    expect(await broken(stubborn, 'refuses for good')).toEqual(['triedAgain']);
  });

  it('sees clients that are told to drop what could be sent again', async () => {
    const harsh: Answering = async (consume) =>
      (await honest(consume)) === 'accepted' ? 'accepted' : 'refused';
    expect(await broken(harsh, 'refuses for now')).toEqual(['refusedWithoutReason']);
  });

  it('sees clients that are told to send again what was accepted, and are never answered', async () => {
    const forgetful: Answering = async (consume) => {
      await consume();
      return 'retry';
    };
    expect(await broken(forgetful, 'accepts')).toEqual(['duplicated', 'unanswered']);
  });

  it('sees clients that are told to send again what is refused for good', async () => {
    const soft: Answering = async (consume) =>
      (await honest(consume)) === 'accepted' ? 'accepted' : 'retry';
    expect(await broken(soft, 'refuses for good')).toEqual(['triedAgain', 'unanswered']);
  });
});
