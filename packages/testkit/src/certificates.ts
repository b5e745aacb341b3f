/**
 * X.509 certificates for tests of TLS, made when a test runs: none can expire in the repository, and no `openssl` needs
 * to be there. EC keys, signed with ECDSA and SHA-256. What is built is DER (ITU-T X.690) as RFC 5280 section
 * 4.1 lays it out.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, in PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is for. */
export interface TestCertificateOptions {
  /** The names and addresses that it holds for; `localhost`, `127.0.0.1` and `::1` unless told otherwise. */
  readonly hosts?: readonly string[];
  /** The curve of its key, as OpenSSL calls it; P-256 unless told otherwise. */
  readonly curve?: string;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const COMMON_NAME = oid(0x55, 0x04, 0x03);
const BASIC_CONSTRAINTS = oid(0x55, 0x1d, 0x13);
const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11);

/** An authority that lives as long as a test. */
export class TestAuthority {
  /** The authority's own certificate, in PEM: what the other side must trust. */
  readonly cert: string;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name = 'Test Authority') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#name = name;
    this.#key = privateKey;
    const isAuthority = sequence(BASIC_CONSTRAINTS, bool(true), octets(sequence(bool(true))));
    this.cert = this.#sign(name, publicKey, isAuthority);
  }

  /** A certificate for a server or a client. */
  issue(name: string, options: TestCertificateOptions = {}): TestCertificate {
    const { hosts = ['localhost', '127.0.0.1', '::1'], curve = 'P-256' } = options;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
    const names = hosts.map((host) => (isIP(host) === 0 ? tagged(0x82, Buffer.from(host)) : ipName(host)));
    const cert = this.#sign(name, publicKey, sequence(SUBJECT_ALT_NAME, octets(sequence(...names))));
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
  }

  #sign(subject: string, publicKey: KeyObject, extension: Buffer): string {
    const now = Date.now();
    const toBeSigned = sequence(
      tagged(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ECDSA_WITH_SHA256,
      commonName(this.#name),
      sequence(utcTime(now - DAY_MS), utcTime(now + DAY_MS)),
      commonName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(extension)),
    );
    const signature = Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, this.#key)]);
    const der = sequence(toBeSigned, ECDSA_WITH_SHA256, tagged(0x03, signature));
    const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

function tagged(tag: number, content: Buffer): Buffer {
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function oid(...bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function bool(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]));
}

function octets(content: Buffer): Buffer {
  return tagged(0x04, content);
}

function utcTime(unixMs: number): Buffer {
  const digits = new Date(unixMs).toISOString().replace(/\D/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`));
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from(name)))));
}

/** The name of an address: its 4 or 16 bytes. */
function ipName(address: string): Buffer {
  if (isIP(address) === 4) return tagged(0x87, Buffer.from(address.split('.').map(Number)));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return tagged(0x87, Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff])));
}
