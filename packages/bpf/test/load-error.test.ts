import { describe, expect, it } from 'vitest';
import { refusalError } from '../src/load-error.ts';

const REFUSAL = {
  program: 'follow_state',
  section: 'tp_btf/inet_sock_set_state',
  result: -13,
  verifierLog: '',
  messages: [],
};

describe('refusalError', () => {
  it('says what may be missing where the kernel lets nothing be loaded', () => {
    const error = refusalError({ ...REFUSAL, result: -1 });
    expect([error.code, error.message]).toEqual([
      'BPF_UNAVAILABLE',
      'bpf: program "follow_state" (tp_btf/inet_sock_set_state): the kernel does not let this process load BPF ' +
        'programs (EPERM: operation not permitted). Run it as root, or with the capabilities CAP_BPF and CAP_PERFMON.',
    ]);
  });

  it("quotes the verifier's last words and keeps the whole log", () => {
    const verifierLog =
      '0: R1=ctx()\n; return value->count;\n7: (61) r0 = *(u32 *)(r0 +8)\nR0 invalid mem access\n' +
      'processed 8 insns (limit 1000000)\n';
    const error = refusalError({ ...REFUSAL, verifierLog, messages: ['prog follow_state: failed'] });
    expect(error.message).toBe(
      'bpf: program "follow_state" (tp_btf/inet_sock_set_state): the kernel refused it (EACCES: permission denied; ' +
        "R0 invalid mem access). Report it, with the log, which has the verifier's reasons; the rest goes on without it.",
    );
    expect(error.details).toEqual({
      program: 'follow_state',
      section: 'tp_btf/inet_sock_set_state',
      errno: 'EACCES: permission denied',
      verifierLog,
      libbpfLog: 'prog follow_state: failed',
    });
  });

  it('says only the error number where neither says more', () => {
    expect(refusalError({ ...REFUSAL, result: -4000 }).message).toBe(
      'bpf: program "follow_state" (tp_btf/inet_sock_set_state): the kernel refused it (errno 4000). ' +
        "Report it, with the log, which has the verifier's reasons; the rest goes on without it.",
    );
  });
});
