import type { Server } from 'node:net';

/** What of a handle of libuv stands in a report (https://nodejs.org/api/report.html). */
interface ReportedHandle {
  readonly type: string;
  readonly fd?: number;
  readonly localEndpoint?: { readonly host: string; readonly port: number } | null;
  readonly remoteEndpoint?: unknown;
}

/** Node's, with what its types do not know of. */
interface ProcessReport extends NodeJS.ProcessReport {
  /** True: a report looks up no names of addresses, which may take seconds. */
  excludeNetwork: boolean;
}

/**
 * The file descriptor on which a server of this thread listens for TCP. Node has no call that tells it; its report on the
 * process does. undefined where the report has none (Windows).
 */
export function listeningDescriptor(server: Server): number | undefined {
  const address = server.address();
  const report = process.report as ProcessReport | undefined;
  if (address === null || typeof address === 'string' || report === undefined) return undefined;
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  try {
    const { libuv } = report.getReport() as { readonly libuv: readonly ReportedHandle[] };
    const own = libuv.find(
      ({ type, localEndpoint, remoteEndpoint }) =>
        type === 'tcp' &&
        remoteEndpoint === null &&
        localEndpoint?.host === address.address &&
        localEndpoint.port === address.port,
    );
    return own?.fd;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}
