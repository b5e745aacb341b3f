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
