import { readFile } from 'node:fs/promises';
import type { SecureContextOptions } from 'node:tls';

/** Everything that one request to an API server needs. Secret: never logged. */
export interface Access {
  /** The server's URL, with the path before `/api` if it has one. */
  readonly server: URL;
  readonly tls: TlsAccess;
  /** `Authorization` and what else says who asks. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** A proxy on the way; by default what HTTPS_PROXY and NO_PROXY say. */
  readonly proxyUrl: string | undefined;
}

/** What node:tls needs to know. */
export type TlsAccess = Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> & {
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
};

/** Where access comes from. */
export interface AccessSource {
  /** Reads it anew, so that tokens and certificates that were exchanged are seen. Rejects where it cannot be had. */
  read(): Promise<Access>;
  /** The server did not accept these headers (401): what was kept of them is forgotten. */
  refused(access: Access): void;
}

/** The text of a file without the spaces and line ends around it. */
export async function readTrimmed(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim();
}

/** Headers that carry a token; none for an empty one. */
export function bearer(token: string | undefined): Record<string, string> {
  return token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
}
