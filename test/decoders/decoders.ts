/**
 * An OTLP server for logs of what people take in Node: node:http with node:zlib, and @grpc/grpc-js.
 *
 * Prints the two ports, then one line for each request: how many log records it found.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { Batch } from '@tributary/core';

const DECODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
};

function report(request: Buffer): Buffer {
  console.log(`records ${Batch.decode('logs', request).itemCount}`);
  return Buffer.alloc(0);
}

const http = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const decode = DECODERS[request.headers['content-encoding'] ?? ''] ?? ((body: Buffer) => body);
    try {
      const answer = report(decode(Buffer.concat(chunks)));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(answer);
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
});
const bytes = (value: Buffer): Buffer => value;
const logs = {
  export: {
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
};
const server = new grpc.Server();
server.addService(logs, {
  export: (call: { readonly request: Buffer }, done: grpc.sendUnaryData<Buffer>) =>
    done(null, report(call.request)),
});
http.listen(0, '127.0.0.1', () => {
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (_error, port) => {
    console.log(`ports ${(http.address() as AddressInfo).port} ${port}`);
  });
});
