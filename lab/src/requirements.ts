import { existsSync } from 'node:fs';
import path from 'node:path';
import { cgroupRoot } from './cgroups.ts';

const PROGRAMS = [
  'ip',
  'nft',
  'tc',
  'nsenter',
  'unshare',
  'sysctl',
  'nginx',
  'haproxy',
  'redis-server',
  'dnsmasq',
];
const FOLDERS = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];

/** What keeps the lab from running on this machine, with what to do; nothing if it runs. */
export function labProblems(): string[] {
  if (process.platform !== 'linux') return ['the lab needs Linux.'];
  const problems: string[] = [];
  if (process.getuid?.() !== 0) problems.push('the lab needs root: it makes network namespaces and cgroups.');
  const missing = PROGRAMS.filter((name) => !FOLDERS.some((folder) => existsSync(path.join(folder, name))));
  if (missing.length > 0) {
    problems.push(`the lab needs ${missing.join(', ')}. "npm run lab" installs them on Debian.`);
  }
  try {
    cgroupRoot();
  } catch (error) {
    problems.push(String(error));
  }
  return problems;
}
