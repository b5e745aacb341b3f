import { describeConformance } from '@tributary/testkit';
import { afterAll, beforeAll } from 'vitest';
import { otlpGrpcExporter, otlpHttpExporter } from '../src/index.ts';
import { startBackend as startGrpcBackend } from './grpc/backend.ts';
import { startBackend as startHttpBackend } from './http/backend.ts';

let http: Awaited<ReturnType<typeof startHttpBackend>>;
let grpc: Awaited<ReturnType<typeof startGrpcBackend>>;

beforeAll(async () => {
  http = await startHttpBackend();
  grpc = await startGrpcBackend();
});

afterAll(async () => {
  await http.close();
  await grpc.close();
});

describeConformance(otlpHttpExporter, {
  config: () => ({ endpoint: http.url }),
  requiredSettings: ['endpoint'],
});

describeConformance(otlpGrpcExporter, {
  config: () => ({ endpoint: grpc.endpoint, tls: { insecure: true } }),
  requiredSettings: ['endpoint'],
});
