/**
 * What a fresh checkout needs before any command: the npm packages (among them the Node that runs Tributary) and,
 * on Linux, the system libraries that the command uses. Plain JavaScript for the machine's own Node 20 or newer.
 * Says in one line what it installs; does nothing when there is nothing to do.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stampFile = path.join(root, 'node_modules', '.tributary-setup');

/** The Node that the project brings: type stripping without a build step. */
export const nodeBinary = path.join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
}

/** Installs the npm packages when they are missing or older than the lock file. */
export function ensurePackages() {
  const wanted = lockHash();
  const isFresh =
    existsSync(nodeBinary) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted;
  if (isFresh) return;
  console.error('setup: installing the npm packages of package-lock.json (npm ci) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['ci', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) throw new Error('setup: npm ci ended with an error; see its lines above');
  if (!existsSync(nodeBinary)) {
    throw new Error(
      'setup: the package "node" did not bring its binary. Allow its install script (allowScripts in package.json) and run npm ci.',
    );
  }
  writeFileSync(stampFile, wanted);
}

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Each Debian package the commands may need, the test that tells whether its content is there, and the service that it
 * would start.
 */
const systemPackages = {
  libbpf1: { has: () => hasLibrary('libbpf.so.1'), purpose: 'to read the kernel (libbpf)' },
  iproute2: { has: () => hasProgram('ip'), purpose: 'for the kernel tests (network namespaces)' },
  nftables: { has: () => hasProgram('nft'), purpose: 'for the kernel tests (dropped packets)' },
  curl: { has: () => hasProgram('curl'), purpose: 'for the kernel tests (real connections)' },
  'netcat-openbsd': { has: () => hasProgram('nc'), purpose: 'for the kernel tests (real connections)' },
  python3: { has: () => hasProgram('python3'), purpose: 'for the kernel tests (real connections)' },
  openssl: { has: () => hasProgram('openssl'), purpose: 'for the TLS tests (certificates)' },
  iperf3: { has: () => hasProgram('iperf3'), purpose: 'for the kernel bench and the lab (throughput)' },
  nginx: {
    has: () => hasProgram('nginx'),
    purpose: 'for the lab (a cluster on this machine)',
    service: 'nginx',
  },
  haproxy: {
    has: () => hasProgram('haproxy'),
    purpose: 'for the lab (a cluster on this machine)',
    service: 'haproxy',
  },
  'redis-server': {
    has: () => hasProgram('redis-server'),
    purpose: 'for the lab (a cluster on this machine)',
    service: 'redis-server',
  },
  'nghttp2-client': { has: () => hasProgram('h2load'), purpose: 'for the gRPC tests (h2load, nghttp)' },
  'dnsmasq-base': { has: () => hasProgram('dnsmasq'), purpose: 'for the lab (a cluster on this machine)' },
  'clang-14': { has: () => hasProgram('clang-14'), purpose: 'to build the BPF objects' },
  'llvm-14': { has: () => hasProgram('llvm-strip-14'), purpose: 'to build the BPF objects' },
  'libbpf-dev': {
    has: () => existsSync('/usr/include/bpf/bpf_helpers.h'),
    purpose: 'to build the BPF objects',
  },
};

function hasProgram(name) {
  return ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) =>
    existsSync(path.join(folder, name)),
  );
}

function hasLibrary(name) {
  const folders = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib'];
  const triplets = ['x86_64-linux-gnu', 'aarch64-linux-gnu'];
  return folders.some(
    (folder) =>
      existsSync(path.join(folder, name)) ||
      triplets.some((triplet) => existsSync(path.join(folder, triplet, name))),
  );
}

/**
 * Installs the Debian packages that are missing, as root on a machine with apt; otherwise says what to install and
 * goes on: whatever needs them says so itself.
 */
export function ensureSystemPackages(names) {
  if (process.platform !== 'linux') return;
  const missing = names.filter((name) => !systemPackages[name].has());
  if (missing.length === 0) return;
  const purposes = [...new Set(missing.map((name) => systemPackages[name].purpose))].join(', ');
  if (process.getuid() !== 0 || !hasProgram('apt-get')) {
    console.error(`setup: missing ${purposes}. Install: sudo apt-get install ${missing.join(' ')}`);
    return;
  }
  console.error(`setup: installing ${missing.join(' ')} (apt-get) ${purposes} …`);
  withoutServices(missing, () => install(missing));
}

function install(missing) {
  const apt = (words) =>
    execFileSync('apt-get', ['-qq', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  const args = ['install', '-y', '--no-install-recommends', ...missing];
  try {
    try {
      apt(args);
    } catch {
      apt(['update']);
      apt(args);
    }
  } catch (error) {
    console.error(
      `setup: apt-get could not install ${missing.join(' ')}: ${String(error.stderr ?? error).trim()}`,
    );
  }
}

/**
 * Installs packages without letting them start their servers, now or at the next boot: we run the programs ourselves.
 * Debian asks /usr/sbin/policy-rc.d before it starts a service; 101 means no.
 */
function withoutServices(names, work) {
  const services = names.flatMap((name) => systemPackages[name].service ?? []);
  const isOurs = services.length > 0 && !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    work();
  } finally {
    if (isOurs) rmSync(POLICY);
  }
  for (const service of services) spawnSync('update-rc.d', [service, 'disable'], { stdio: 'ignore' });
}
