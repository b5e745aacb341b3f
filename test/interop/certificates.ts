import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestAuthority } from '@tributary/testkit';

/** The ways in which a connection is protected. */
export const SECURITIES = ['plain', 'tls', 'mtls'] as const;
export type Security = (typeof SECURITIES)[number];

/** The files of a certificate and its key. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Files for both sides of mutual TLS. */
export interface Certificates {
  readonly ca: string;
  readonly server: Pair;
  readonly client: Pair;
  /** Of another authority, which neither side trusts. */
  readonly stranger: Pair & { readonly ca: string };
  remove(): void;
}

/** Makes two authorities, and the certificates of each side. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-interop-'));
  const authority = new TestAuthority('interop');
  const another = new TestAuthority('another');
  const file = (name: string, content: string): string => {
    const at = path.join(folder, name);
    writeFileSync(at, content);
    return at;
  };
  const pair = (name: string, by: TestAuthority): Pair => {
    const { cert, key } = by.issue(name);
    return { cert: file(`${name}.crt`, cert), key: file(`${name}.key`, key) };
  };
  return {
    ca: file('ca.crt', authority.cert),
    server: pair('server', authority),
    client: pair('client', authority),
    stranger: { ca: file('another.crt', another.cert), ...pair('stranger', another) },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Ways in which a client of mutual TLS may be wrong. */
export const WRONG_CLIENTS = ['no certificate', 'a strange certificate', 'trust in a stranger'] as const;
export type WrongClient = (typeof WRONG_CLIENTS)[number];

/** The block `tls` of a server, ours or a Collector's. */
export function serverTls({ ca, server }: Certificates, security: Security): object {
  if (security === 'plain') return {};
  const clients = security === 'mtls' ? { client_ca_file: ca } : {};
  return { tls: { cert_file: server.cert, key_file: server.key, ...clients } };
}

/** The block `tls` of a client, ours or a Collector's. */
export function clientTls(certificates: Certificates, security: Security, wrong?: WrongClient): object {
  if (security === 'plain') return { tls: { insecure: true } };
  const { ca, client, stranger } = certificates;
  const own = wrong === 'a strange certificate' ? stranger : client;
  const hasOwn = security === 'mtls' && wrong !== 'no certificate';
  return {
    tls: {
      ca_file: wrong === 'trust in a stranger' ? stranger.ca : ca,
      ...(hasOwn ? { cert_file: own.cert, key_file: own.key } : {}),
    },
  };
}
