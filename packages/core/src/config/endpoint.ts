/** A `host:port` taken apart. */
export interface HostPort {
  /** Without the brackets of an IPv6 address; empty if only a port was given, which means every address. */
  readonly host: string;
  readonly port: number;
}

/**
 * Takes `host:port` apart as Go's `net.SplitHostPort` does: IPv6 addresses stand in brackets, the host may be empty.
 * Returns undefined for anything else, and for ports above 65535.
 */
export function splitHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[^\]\s]+)?)\]|([^:[\]\s/]*)):([0-9]{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port <= 65_535 ? { host: match[1] ?? match[2] ?? '', port } : undefined;
}
