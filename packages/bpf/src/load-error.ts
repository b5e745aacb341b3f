/** Why the kernel, or libbpf before it, refused a program: a short summary, with the whole log behind it. */
import { PipelineError } from '@tributary/core';
import { ERRNO, errnoText } from './errno.ts';

/** What is known of a refused program. */
export interface Refusal {
  readonly program: string;
  /** The ELF section, which says what it attaches to: `tp_btf/tcp_send_reset`. */
  readonly section: string;
  /** A negative errno. */
  readonly result: number;
  /** The verifier's log; empty if the kernel gave none. */
  readonly verifierLog: string;
  /** What libbpf said itself. */
  readonly messages: readonly string[];
}

/**
 * The error for a refused program: code `BPF_LOAD`, or `BPF_UNAVAILABLE` where the kernel lets this process load none
 * at all. The full logs are in `details.verifierLog` and `details.libbpfLog`.
 */
export function refusalError(refusal: Refusal): PipelineError {
  const { program, section, result, verifierLog, messages } = refusal;
  const isForbidden = -result === ERRNO.EPERM && verifierLog === '';
  const options = {
    details: { program, section, errno: errnoText(result), verifierLog, libbpfLog: messages.join('\n') },
  };
  if (isForbidden) {
    return new PipelineError(
      'BPF_UNAVAILABLE',
      `bpf: program "${program}" (${section}): the kernel does not let this process load BPF programs ` +
        `(${errnoText(result)}). Run it as root, or with the capabilities ${capabilitiesFor(section)}.`,
      options,
    );
  }
  return new PipelineError(
    'BPF_LOAD',
    `bpf: program "${program}" (${section}): ${summary(refusal)}`,
    options,
  );
}

/** Programs of cgroups see packets, which is a matter of the network as well. */
function capabilitiesFor(section: string): string {
  return section.startsWith('cgroup') ? 'CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN' : 'CAP_BPF and CAP_PERFMON';
}

function summary({ section, result, verifierLog, messages }: Refusal): string {
  const target = section.slice(section.indexOf('/') + 1);
  if (messages.some((message) => message.includes('failed to find kernel BTF type ID'))) {
    return section.startsWith('iter/')
      ? `this kernel has no iterator "${target}". Use a newer kernel for what it gives.`
      : `this kernel has no tracepoint "${target}". Use a newer kernel for what it gives.`;
  }
  const reason = verifierReason(verifierLog) ?? messages.find((message) => message.includes('prog ')) ?? '';
  const found = reason === '' ? errnoText(result) : `${errnoText(result)}; ${reason}`;
  return `the kernel refused it (${found}). Report it, with the log, which has the verifier's reasons; the rest goes on without it.`;
}

/** The verifier's last words before its statistics, which name what it refused. */
function verifierReason(log: string): string | undefined {
  const lines = log.split('\n').map((line) => line.trim());
  const meaningful = lines.filter(
    (line) =>
      line !== '' && !line.startsWith('processed ') && !line.startsWith('--') && !line.startsWith(';'),
  );
  return meaningful.at(-1);
}
