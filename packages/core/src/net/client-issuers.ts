/**
 * Has Node.js 24.21 free the issuers that clients send with their certificates.
 *
 * For each client whose certificate is good, its TLS server asks `getPeerX509Certificate()` of the native handle only to
 * know whether there is a certificate (`onServerSocketSecure`, lib/internal/tls/wrap.js). The answer is an object that
 * takes the issuers out of OpenSSL's list of what came and never frees them (`X509Certificate::New`,
 * src/crypto/crypto_x509.cc): some 4 KiB for each issuer and handshake, until the process ends. Node.js 26.10 asks
 * `hasPeerCertificate()` instead; this answers the question from what 24.21 has.
 */
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What is behind a `TLSSocket`, as far as it is used here. */
interface TlsHandle {
  /** An object of the peer's certificate and its issuers. */
  getPeerX509Certificate(): object | undefined;
  /** What OpenSSL found wrong with the peer's certificate, or that there is none; null if nothing. */
  verifyError(): Error | null;
  isSessionReused(): boolean;
  getCipher(): { readonly name: string };
}

const METHODS = ['getPeerX509Certificate', 'verifyError', 'isSessionReused', 'getCipher'] as const;

let isDone = false;

/** Keeps nothing of the clients of this thread's TLS servers. Where Node.js is not as above, it stays as it is. */
export function keepNoClientIssuers(): void {
  if (isDone) return;
  isDone = true;
  const handles = handlePrototype();
  if (handles === undefined) return;
  const createCertificate = handles.getPeerX509Certificate;
  handles.getPeerX509Certificate = function () {
    return hasShownCertificate(this) ? this : createCertificate.call(this);
  };
  const read = TLSSocket.prototype.getPeerX509Certificate;
  TLSSocket.prototype.getPeerX509Certificate = function () {
    // Whoever asks a socket gets the certificate itself, as ever.
    const handle = handleOf(this);
    if (handle === undefined) return read.call(this);
    handle.getPeerX509Certificate = createCertificate;
    try {
      return read.call(this);
    } finally {
      Reflect.deleteProperty(handle, 'getPeerX509Certificate');
    }
  };
}

/**
 * Whether a certificate was shown in this handshake, and is good. Node calls nothing wrong without a certificate in two
 * cases (`SSLPointer::verifyPeerCertificate`, deps/ncrypto/ncrypto.cc): a session that is resumed, which has no list of
 * issuers, and a cipher suite with keys that both sides have had before. Of those this says nothing.
 */
function hasShownCertificate(handle: TlsHandle): boolean {
  return (
    !handle.isSessionReused() && !handle.getCipher().name.includes('PSK') && handle.verifyError() === null
  );
}

function handlePrototype(): TlsHandle | undefined {
  const socket = new TLSSocket(new Socket());
  const handle = handleOf(socket);
  socket.destroy();
  if (handle === undefined || 'hasPeerCertificate' in handle) return undefined;
  return Object.getPrototypeOf(handle) as TlsHandle;
}

/** Undefined when the socket is closed, too. */
function handleOf(socket: TLSSocket): TlsHandle | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  return isTlsHandle(handle) ? handle : undefined;
}

function isTlsHandle(handle: unknown): handle is TlsHandle {
  const methods = (handle ?? {}) as Partial<TlsHandle>;
  return METHODS.every((name) => typeof methods[name] === 'function');
}
