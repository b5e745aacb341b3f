/** What a proxy in a test is told to do, whichever it is. */
import type { Certificates, Security } from '../certificates.ts';

/** What is spoken with who calls and behind: HTTP/2, HTTP/1.1, or what was nginx's default, HTTP/1.0. */
export type Speech = 'h2' | 'h1' | 'h2-to-h1' | 'h1-to-h1.0';

/** One listener of a proxy, and where it hands requests on to. */
export interface Way {
  readonly name: string;
  readonly speech: Speech;
  readonly security: Security;
  /** The port of the server behind the proxy, on 127.0.0.1, which is as secure as the listener. */
  readonly upstreamPort: number;
}

/** A proxy that runs. */
export interface RunningProxy {
  /** The ports of the ways, by their names. */
  readonly ports: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** The files that secure ways need. */
export type ProxyFiles = Pick<Certificates, 'ca' | 'server' | 'client'>;
