import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { TestAuthority } from '../src/certificates.ts';

it('an authority issues certificates that it has signed, with their keys and names', () => {
  const authority = new TestAuthority('The Authority');
  const { cert, key } = authority.issue('server', { hosts: ['example.com', '10.0.0.1', 'fd00::1:2'] });
  const [root, leaf] = [new X509Certificate(authority.cert), new X509Certificate(cert)];
  expect({
    issuer: leaf.issuer,
    subject: leaf.subject,
    names: leaf.subjectAltName,
    isAuthority: [root.ca, leaf.ca],
    isSigned: [root.verify(root.publicKey), leaf.verify(root.publicKey), leaf.checkIssued(root)],
    hasKey: leaf.checkPrivateKey(createPrivateKey(key)),
    isValidNow: new Date(leaf.validFrom) < new Date() && new Date() < new Date(leaf.validTo),
  }).toEqual({
    issuer: 'CN=The Authority',
    subject: 'CN=server',
    names: 'DNS:example.com, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:1:2',
    isAuthority: [true, false],
    isSigned: [true, true, true],
    hasKey: true,
    isValidNow: true,
  });
});

it('two authorities do not vouch for each other', () => {
  const [one, other] = [new TestAuthority(), new TestAuthority()];
  const leaf = new X509Certificate(one.issue('server').cert);
  expect(leaf.verify(new X509Certificate(other.cert).publicKey)).toBe(false);
});
