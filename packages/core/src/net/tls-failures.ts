/** What the codes of OpenSSL and Node say of a handshake that failed, in the words of the settings. */
import type { TLSSocket } from 'node:tls';
import type { Logger } from '../component/logger.ts';

const UNTRUSTED_CODES = [
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

const same = (codes: readonly string[], words: string): Record<string, string> =>
  Object.fromEntries(codes.map((code) => [code, words]));

/** By the code that a client finds. */
const OF_SERVERS: Readonly<Record<string, string>> = {
  ...same(
    UNTRUSTED_CODES,
    'the server has a certificate of an authority that is not trusted here. Name the authority in "tls::ca_file"',
  ),
  ...same(
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ERR_SSL_TLSV1_CERTIFICATE_REQUIRED'],
    'the server wants a certificate of its clients. Set "tls::cert_file" and "tls::key_file"',
  ),
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    'the server does not trust the authority of the certificate here. Set "tls::cert_file" to one that it trusts',
  CERT_HAS_EXPIRED: 'the certificate of the server has expired. Renew it there',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'the server does not speak TLS. Check the port, or ask for clear text: by "http://" in the endpoint, or by "tls::insecure" where it has no scheme',
};

/** By the code that a server finds. */
const OF_CLIENTS: Readonly<Record<string, string>> = {
  ...same(
    UNTRUSTED_CODES,
    'the client has a certificate of an authority that is not trusted here. Add the authority to "tls::client_ca_file", or give the client another certificate',
  ),
  ...same(
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    'the client has no certificate. Give it one of an authority of "tls::client_ca_file"',
  ),
  ...same(
    [
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN',
    ],
    'the client does not trust the certificate here. Give it the authority of "tls::cert_file"',
  ),
  CERT_HAS_EXPIRED: 'the certificate of the client has expired. Renew it there',
  ...same(
    ['ERR_SSL_HTTP_REQUEST', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
    'the client does not speak TLS. Use https there, or no "tls" here',
  ),
};

/** In a text such as `…:error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error:…`. */
const OPENSSL_REASON = /SSL routines:[^:]*:([^:]+):/;

/** How often refused clients are told of at most: anybody can be one, as often as they like. */
const REPORT_INTERVAL_MS = 10_000;

/** Why a client's connection failed, if TLS is why. */
export function tlsFailure(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const reason = OPENSSL_REASON.exec(error.message)?.[1];
  // Where something was to be written meanwhile, the code is another.
  const tlsCode =
    reason === undefined || code !== 'EPROTO' ? code : `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
  return wordsFor(OF_SERVERS, tlsCode) ?? (reason && `the TLS handshake failed (${reason})`);
}

/** Counts and tells of the clients that got through no handshake, but for those that left before they said anything. */
export class RefusedTlsClients {
  readonly #where: string;
  readonly #logger: Logger;
  readonly #onRefused: () => void;
  #untold = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(where: string, logger: Logger, onRefused: () => void) {
    this.#where = where;
    this.#logger = logger;
    this.#onRefused = onRefused;
  }

  /** Takes what a server's `tlsClientError` gives. */
  add(error: NodeJS.ErrnoException, { authorizationError, remoteAddress }: TLSSocket): void {
    // A client with a strange certificate is hung up on: what remains is that of the socket, as a code.
    const code = String(authorizationError ?? error.code);
    if (authorizationError == null && !code.startsWith('ERR_SSL_')) return;
    this.#onRefused();
    this.#untold += 1;
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < REPORT_INTERVAL_MS) return;
    this.#logger.warn(
      {
        setting: this.#where,
        clients: this.#untold,
        reason: `${code}: ${wordsFor(OF_CLIENTS, code) ?? 'the handshake failed'}`,
        ...(remoteAddress === undefined ? {} : { peer: remoteAddress }),
      },
      'TLS clients were refused',
    );
    this.#toldMs = nowMs;
    this.#untold = 0;
  }
}

function wordsFor(table: Readonly<Record<string, string>>, code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(table, code) ? table[code] : undefined;
}
