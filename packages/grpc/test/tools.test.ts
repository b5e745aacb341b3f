/** Programs of others between and beside: nginx as a proxy for gRPC; curl, nghttp and h2load as clients of HTTP/2. */
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
    message: 'the server answered HTTP 502 Bad Gateway',
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

it('curl makes a call', async ({ skip }) => {
  if (!String(spawnSync('curl', ['--version']).stdout).includes('HTTP2'))
    return skip('there is no curl with HTTP/2 here');
  const url = `http://127.0.0.1:${await serve(echo)}${PATH}`;
  const fields = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const body = ['--data-binary', `@${messageFile(Buffer.from('hello'))}`];
  const said = await new Promise<string>((resolve) => {
    execFile(
      'curl',
      ['-s', '-D', '-', '--http2-prior-knowledge', ...fields, ...body, url],
      (_error, stdout) => resolve(stdout),
    );
  });
  expect(said.split('\r\n')).toEqual(
    expect.arrayContaining(['HTTP/2 200 ', 'content-type: application/grpc']),
  );
  expect(said).toContain('\0\0\0\0\x05hello');
});

/** A file with a message of gRPC. */
function messageFile(message: Uint8Array): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-nghttp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'message');
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  writeFileSync(file, Buffer.concat([head, message]));
  return file;
}

/** What a program of nghttp2 prints when it sends a message. */
async function printed(program: string, message: Uint8Array, ...args: readonly string[]): Promise<string> {
  const url = `http://127.0.0.1:${await serve(echo, { maxReceiveBytes: message.length })}${PATH}`;
  const fields = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  return await new Promise((resolve) => {
    const all = [...args, ...fields, '-d', messageFile(message), url];
    execFile(program, all, (_error, stdout) => resolve(stdout));
  });
}

it('nghttp reads the answer and its trailers, and is told of nothing wrong', async ({ skip }) => {
  if (spawnSync('nghttp', ['--version']).status !== 0) return skip('there is no nghttp here');
  const said = await printed('nghttp', Buffer.from('hello'), '--verbose', '--null-out');
  const fields = [...said.matchAll(/recv \(stream_id=\d+\) (\S+: \S+)/g)].map(([, field]) => field);
  expect([fields, /recv (GOAWAY|RST_STREAM)/.test(said)]).toEqual([
    [':status: 200', 'content-type: application/grpc', 'grpc-status: 0'],
    false,
  ]);
});

it.for([
  ['small', 5],
  ['larger than a window', 200_000],
] as const)('h2load has all of many calls answered that are %s', async ([, size], { skip }) => {
  if (spawnSync('h2load', ['--version']).status !== 0) return skip('there is no h2load here');
  const said = await printed('h2load', Buffer.alloc(size), '-n', '400', '-c', '4', '-m', '20');
  expect(/^requests:.*/m.exec(said)?.[0]).toBe(
    'requests: 400 total, 400 started, 400 done, 400 succeeded, 0 failed, 0 errored, 0 timeout',
  );
});
