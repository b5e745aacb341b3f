import { expect, it } from 'vitest';
import { grpcTarget } from '../../src/grpc/endpoint.ts';

it.each([
  ['localhost:4317', { target: 'localhost:4317', isTls: undefined }],
  ['[::1]:4317', { target: '[::1]:4317', isTls: undefined }],
  ['http://localhost:4317', { target: 'localhost:4317', isTls: false }],
  ['HTTPS://backend:4317/', { target: 'backend:4317', isTls: true }],
  ['https://backend', { target: 'backend:443', isTls: true }],
  ['http://[::1]:4317', { target: '[::1]:4317', isTls: false }],
  ['dns:///backend:4317', { target: 'dns:///backend:4317', isTls: undefined }],
  ['unix:///run/otlp.sock', { target: 'unix:///run/otlp.sock', isTls: undefined }],
])('the endpoint %s is taken apart', (endpoint, target) => {
  expect(grpcTarget(endpoint)).toEqual(target);
});
