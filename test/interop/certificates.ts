import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestAuthority } from '@tributary/testkit';

/** Files for both sides of mutual TLS. */
export interface Certificates {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  remove(): void;
}

/** Makes an authority, and a certificate of it for each side. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-interop-'));
  const authority = new TestAuthority('interop');
  const file = (name: string, content: string): string => {
    const at = path.join(folder, name);
    writeFileSync(at, content);
    return at;
  };
  const pair = (name: string) => {
    const { cert, key } = authority.issue(name);
    return { cert: file(`${name}.crt`, cert), key: file(`${name}.key`, key) };
  };
  return {
    ca: file('ca.crt', authority.cert),
    server: pair('server'),
    client: pair('client'),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
