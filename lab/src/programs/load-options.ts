/** What the load generator is to do. */
export interface LoadOptions {
  /** What the server speaks: the lab's own messages of any size, HTTP/1.1, or the Redis protocol (ECHO). */
  readonly kind: 'exchange' | 'http' | 'redis';
  /** UDP is for `exchange` alone. By default TCP. */
  readonly protocol?: 'tcp' | 'udp';
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** Which address of a name; by default the one that the system prefers. */
  readonly family?: 4 | 6;
  /** How many connections in all, or UDP sockets. */
  readonly connections: number;
  /** How many of them at once; by default 1, which is to say one after the other. */
  readonly concurrency?: number;
  /** How many requests on each, one after the other. */
  readonly requests: number;
  /** The length of a request, or of what Redis is to echo, in bytes; not for HTTP. By default 100. */
  readonly requestBytes?: number;
  /** The length of a response, in bytes, for `exchange`; for UDP 0 means none. By default 100. */
  readonly responseBytes?: number;
  /** Which page, for HTTP. By default `/`. */
  readonly path?: string;
  /** Whether a UDP socket is connected to the server; by default it is not. */
  readonly connected?: boolean;
  /** Whether connections stay open when all is done, until a line of input comes. What was made is said before. */
  readonly hold?: boolean;
}

/** What the load generator really made. Bytes and messages are what it gave to its sockets and got from them. */
export interface LoadReport {
  /** Connections that were established, or UDP sockets that were used. */
  readonly connections: number;
  /** Connections that were not, by the reason: `ECONNREFUSED`, `ETIMEDOUT` … */
  readonly failures: Readonly<Record<string, number>>;
  /** Connections that were established and broke off, by the reason. */
  readonly breaks: Readonly<Record<string, number>>;
  /** Requests that were answered; over UDP, datagrams that were sent. */
  readonly requests: number;
  /** Answers; over UDP, datagrams that came. */
  readonly responses: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** The own ports, in the order of the connections. */
  readonly localPorts: readonly number[];
}
