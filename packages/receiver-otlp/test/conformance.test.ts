import { request } from 'node:http';
import { type ContractClient, describeConformance, numberedBatch, type Running } from '@tributary/testkit';
import { otlpReceiver } from '../src/factory.ts';
import type { OtlpReceiver } from '../src/otlp-receiver.ts';

const BLOCK = {
  protocols: { grpc: { endpoint: '127.0.0.1:0' }, http: { endpoint: '127.0.0.1:0' } },
};

describeConformance(otlpReceiver, {
  requiredSettings: ['protocols'],
  config: BLOCK,
  contract: { signal: 'logs', connect: httpClient },
});

function httpClient({ component }: Running): ContractClient {
  const { http } = (component as OtlpReceiver).addresses;
  if (http?.kind !== 'tcp') throw new Error('the receiver does not listen');
  return {
    send: (numbers) =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          {
            host: http.address,
            port: http.port,
            method: 'POST',
            path: '/v1/logs',
            headers: { 'content-type': 'application/x-protobuf' },
          },
          (response) => {
            response.resume();
            const status = response.statusCode ?? 0;
            if (status === 200) resolve('accepted');
            else resolve([429, 502, 503, 504].includes(status) ? 'retry' : 'refused');
          },
        );
        outgoing.on('error', reject);
        outgoing.end(numberedBatch('logs', numbers).toBytes());
      }),
  };
}
