/** A server of @grpc/grpc-js that takes every signal of OTLP as bytes. */
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

const MAX_RECEIVE_BYTES = 64 * 1024 * 1024;
const METHODS = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

/** Serves for as long as the test lasts; gives the messages that came, decompressed. */
export async function serveOfficially(): Promise<{
  readonly port: number;
  readonly taken: readonly Buffer[];
}> {
  const taken: Buffer[] = [];
  const server = new Server({ 'grpc.max_receive_message_length': MAX_RECEIVE_BYTES });
  const same = (bytes: Buffer): Buffer => bytes;
  const take = ({ request }: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    taken.push(request);
    answer(null, Buffer.alloc(0));
  };
  for (const [name, path] of Object.entries(METHODS)) {
    const definition = {
      path,
      requestStream: false as const,
      responseStream: false as const,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    server.addService({ [name]: definition }, { [name]: take });
  }
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  onTestFinished(() => server.forceShutdown());
  return { port, taken };
}
