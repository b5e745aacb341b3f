import { existsSync } from 'node:fs';
import path from 'node:path';

const PROGRAMS = ['etcd', 'kube-apiserver'];

/** What keeps a real API server from running here, with what to do; nothing if it runs. */
export function kubernetesProblems(): string[] {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') {
    return [
      'a Kubernetes API server needs KUBEBUILDER_ASSETS, the folder of etcd and kube-apiserver. See lab/README.md.',
    ];
  }
  const missing = PROGRAMS.filter((name) => !existsSync(path.join(folder, name)));
  if (missing.length === 0) return [];
  return [
    `a Kubernetes API server needs ${missing.join(' and ')} in KUBEBUILDER_ASSETS (${folder}). See lab/README.md.`,
  ];
}

/** The path of one of the programs; throws with what is missing. */
export function assetPath(program: 'etcd' | 'kube-apiserver'): string {
  const problems = kubernetesProblems();
  if (problems.length > 0) throw new Error(`lab: ${problems.join(' ')}`);
  return path.join(process.env['KUBEBUILDER_ASSETS'] ?? '', program);
}
