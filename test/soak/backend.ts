import { otlpReceiver } from '@tributary/receiver-otlp';
import { nopHost, numbersOf, signalConsumer, testSettings } from '@tributary/testkit';

/** What the subject exports to: it remembers the numbers that came, until somebody asks for them. */
export interface Backend {
  readonly grpc: number;
  readonly http: number;
  /** Whether the number has come. It is forgotten. */
  take(number: number): boolean;
  close(): Promise<void>;
}

/** Starts one. It makes its clients of gRPC connect anew every ten seconds. */
export async function startBackend(): Promise<Backend> {
  const arrived = new Set<number>();
  const settings = testSettings({ kind: 'receiver', id: 'otlp' });
  const keepalive = { server_parameters: { max_connection_age: '10s', max_connection_age_grace: '5s' } };
  const receiver = otlpReceiver.create(
    settings,
    otlpReceiver.configSchema.parse({
      protocols: {
        grpc: { endpoint: '127.0.0.1:0', keepalive },
        http: { endpoint: '127.0.0.1:0', idle_timeout: '30s' },
      },
    }),
    signalConsumer({
      consume(batch) {
        for (const number of numbersOf(batch)) arrived.add(number);
      },
    }),
  );
  await receiver.start?.(nopHost());
  const port = (protocol: string): number => {
    const line = settings.logs.find((each) => each.fields['protocol'] === protocol);
    return Number(String(line?.fields['endpoint']).split(':').at(-1));
  };
  return {
    grpc: port('grpc'),
    http: port('http'),
    take: (number) => arrived.delete(number),
    close: async () => receiver.shutdown?.(AbortSignal.abort()),
  };
}
