/** Where a gRPC endpoint is, and whether its spelling decides on TLS. */
export interface GrpcTarget {
  /** What gRPC resolves: `host:port`, `dns:///host:port`, `unix:///path`. */
  readonly target: string;
  /** True for `https://`, false for `http://`, undefined where `tls` decides. */
  readonly isTls: boolean | undefined;
}

/** Takes an endpoint apart. URLs may end with a slash; they have no path. */
export function grpcTarget(endpoint: string): GrpcTarget {
  const url = /^(https?):\/\/([^/]+)\/?$/i.exec(endpoint);
  if (url === null) return { target: endpoint, isTls: undefined };
  const isTls = (url[1] as string).toLowerCase() === 'https';
  const host = url[2] as string;
  return { target: /:\d+$/.test(host) ? host : `${host}:${isTls ? 443 : 80}`, isTls };
}
