import { type KeyObject, sign } from 'node:crypto';

/** Who issues tokens, as the API server is told. */
export const TOKEN_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** The API server takes a token for so long after it has expired, for clocks that differ (DefaultLeeway of go-jose's jwt). */
const LEEWAY_SECONDS = 60;

/** A ServiceAccount as the API server made it. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * A token of a ServiceAccount, signed with the API server's own key. TokenRequest gives none for less than ten minutes; this
 * one is refused after any time, so that a test sees it happen. The API server remembers for ten seconds that a token was
 * good.
 */
export function signToken(account: Account, seconds: number, key: KeyObject): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const { namespace, name, uid } = account;
  const claims = {
    iss: TOKEN_ISSUER,
    aud: [TOKEN_ISSUER],
    sub: `system:serviceaccount:${namespace}:${name}`,
    iat: nowSeconds,
    nbf: nowSeconds - 1,
    exp: nowSeconds + seconds - LEEWAY_SECONDS,
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
  };
  const signed = `${base64Url({ alg: 'RS256', typ: 'JWT' })}.${base64Url(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

function base64Url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
