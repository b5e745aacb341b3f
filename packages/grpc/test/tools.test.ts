/** Programs of others between and beside: nginx as a proxy for gRPC, curl as a client of HTTP/2. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { dial, echo, failure, PATH, serve, unusedPort } from './dial.ts';

/** Whether something listens on a port. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function startNginx(upstreamPort: number): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-nginx-'));
  const port = await unusedPort();
  const config = path.join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log stderr;
events { worker_connections 64; }
http {
  access_log off; client_max_body_size 0; client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port} http2; location / { grpc_pass grpc://127.0.0.1:${upstreamPort}; } }
}
`,
  );
  const nginx = spawn('nginx', ['-p', folder, '-c', config], { stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = new Promise((resolve) => nginx.once('exit', resolve));
    if (nginx.exitCode === null && nginx.kill('SIGKILL')) await ended;
    rmSync(folder, { recursive: true });
  });
  await expect.poll(() => listens(port)).toBe(true);
  return port;
}

it('calls go through nginx, large and small, many at once, and so do refusals', async ({ skip }) => {
  if (spawnSync('nginx', ['-v']).status !== 0) return skip('there is no nginx here');
  const upstream = await serve(echo, { maxReceiveBytes: 2_000_000 });
  const client = dial(await startNginx(upstream));
  const sizes = [0, 1, 16_384, 100_000, 1_500_000];
  const answers = await Promise.all(
    sizes.map((size) => client.call({ path: PATH, message: [Buffer.alloc(size, size % 251)] })),
  );
  expect(answers.map((answer) => Buffer.from(answer))).toEqual(
    sizes.map((size) => Buffer.alloc(size, size % 251)),
  );
  expect(await failure(client.call({ path: '/test.Echo/Shout', message: [] }))).toEqual({
    code: 12,
    message: 'the server does not implement the method /test.Echo/Shout',
  });
});

it('a proxy whose upstream is gone answers, and the call says how', async ({ skip }) => {
  if (spawnSync('nginx', ['-v']).status !== 0) return skip('there is no nginx here');
  const client = dial(await startNginx(await unusedPort()));
  expect(await failure(client.call({ path: PATH, message: [] }))).toEqual({
    code: 14,
    message: 'the server answered HTTP 502',
  });
});

it('curl is told what the port is for', async ({ skip }) => {
  if (!String(spawnSync('curl', ['--version']).stdout).includes('HTTP2'))
    return skip('there is no curl with HTTP/2 here');
  const url = `http://127.0.0.1:${await serve(echo)}/`;
  const said = (...args: readonly string[]) =>
    new Promise((resolve) => {
      execFile('curl', ['-s', '-w', '%{http_code}', ...args, url], (_error, stdout) => resolve(stdout));
    });
  expect([await said('--http2-prior-knowledge'), await said('--http1.1')]).toEqual([
    'This port takes gRPC: POST with the content type application/grpc.\n405',
    'This port takes gRPC over HTTP/2 with prior knowledge. It does not speak HTTP/1.\n505',
  ]);
});
