/** What the application listens on and whom it calls. */
export interface AppOptions {
  readonly port: number;
  /** The page that it fetches for each request. */
  readonly webUrl: string;
  /** How many connections to the web server it keeps, at most; by default 1. */
  readonly webConnections?: number;
  readonly cacheHost: string;
  readonly cachePort: number;
  /** Which address of their names it takes. */
  readonly family: 4 | 6;
}

/** What went over the application's own connections to one of the others, as its sockets counted. */
export interface CallCounts {
  readonly connections: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** What the application did since its start. */
export interface AppCounts {
  /** Requests that came to it. */
  readonly requests: number;
  readonly web: CallCounts;
  readonly cache: CallCounts;
}
