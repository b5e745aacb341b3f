import { connect, createServer, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { sharedReads, withSharedReads } from '../../src/net/shared-reads.ts';

/** The next connection of a server, taken into a socket with shared reads, and what its client is. */
async function takenOver(): Promise<{ accepted: Socket; taken: Socket; client: Socket }> {
  const { promise, resolve } = Promise.withResolvers<{ accepted: Socket; taken: Socket }>();
  const server = createServer({ pauseOnConnect: true }, (accepted) => {
    resolve({ accepted, taken: withSharedReads(accepted) });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client: Socket = connect({ port, host: '127.0.0.1', onread: sharedReads(() => client) });
  const sockets = { ...(await promise), client };
  onTestFinished(() => {
    sockets.taken.destroy();
    client.destroy();
    server.close();
  });
  return sockets;
}

function nextChunk(socket: Socket): Promise<{ text: string; memory: ArrayBufferLike }> {
  return new Promise((resolve) =>
    socket.once('data', (chunk: Buffer) => resolve({ text: chunk.toString(), memory: chunk.buffer })),
  );
}

it('a connection that a server took, and one that was made, are read into the same buffer', async () => {
  const { accepted, taken, client } = await takenOver();
  expect(taken).not.toBe(accepted);
  const question = nextChunk(taken);
  client.write('question');
  const asked = await question;
  const answer = nextChunk(client);
  taken.write('answer');
  const answered = await answer;
  expect([asked.text, answered.text, asked.memory === answered.memory]).toEqual(['question', 'answer', true]);
});

it('a socket that was paused reads on where it was', async () => {
  const { taken, client } = await takenOver();
  const first = nextChunk(taken);
  taken.once('data', () => taken.pause());
  client.write('first');
  expect((await first).text).toBe('first');
  await new Promise((written) => client.write('second', written));
  const second = nextChunk(taken);
  expect(taken.isPaused()).toBe(true);
  taken.resume();
  expect((await second).text).toBe('second');
});

it('a connection that was taken out closes when its client ends it', async () => {
  const { taken, client } = await takenOver();
  taken.resume();
  const closed = new Promise((resolve) => taken.once('close', resolve));
  client.end();
  expect(await closed).toBe(false);
});

it('a socket whose connection cannot be taken out stays as it is', () => {
  const streams = [new Duplex() as Socket, new Socket()];
  expect(streams.map(withSharedReads)).toEqual(streams);
});
