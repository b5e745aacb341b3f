/**
 * Both ends of TLS as a component uses them: loaded when it starts, looked at every `reload_interval`, loaded again
 * when a file changed. A change that cannot be loaded is logged and the former certificates stay in use. New
 * connections use what was loaded last; those that stand are left alone.
 */
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TlsOptions,
} from 'node:tls';
import { parseDuration } from '../config/duration.ts';
import { keepNoClientIssuers } from './client-issuers.ts';
import { DEFAULT_RELOAD_INTERVAL, type TlsClientConfig, type TlsServerConfig } from './tls-config.ts';
import { RefusedTlsClients } from './tls-failures.ts';
import {
  filesMark,
  loadAuthorities,
  loadAuthorityFile,
  loadIdentity,
  systemAuthorities,
  type TlsFileOptions,
  tlsProblem,
} from './tls-files.ts';

/** A server's certificates. */
export class ServerTls {
  readonly #refused: RefusedTlsClients;
  readonly #watch: TlsWatch;
  readonly #servers = new Set<Server>();
  #options: SecureContextOptions;

  /**
   * Loads the files. Throws COMPONENT_START, naming the setting and the file. `onRefused` is told of each client that got through no
   * handshake; the log is, now and then.
   */
  constructor(config: TlsServerConfig, options: TlsFileOptions, onRefused: () => void = () => undefined) {
    this.#options = loadServer(config, options);
    this.#refused = new RefusedTlsClients(options.where, options.logger, onRefused);
    const { client_ca_file } = config;
    const files = [config.cert_file, config.key_file, client_ca_file].filter((path) => path !== undefined);
    const mustReload = config.client_ca_file_reload && client_ca_file !== undefined;
    const intervalMs =
      config.reload_interval === 0 && mustReload
        ? parseDuration(DEFAULT_RELOAD_INTERVAL)!
        : config.reload_interval;
    this.#watch = new TlsWatch(files, intervalMs, options, () => {
      this.#options = loadServer(config, options);
      for (const server of this.#servers) {
        server.setSecureContext(this.#options);
      }
    });
    this.#hasClientAuthority = client_ca_file !== undefined;
    if (this.#hasClientAuthority) keepNoClientIssuers();
  }

  readonly #hasClientAuthority: boolean;

  /** What `tls.createServer`, `https.createServer` and `http2.createSecureServer` take, but for the ALPN protocols. */
  get options(): TlsOptions {
    return {
      ...this.#options,
      requestCert: this.#hasClientAuthority,
      rejectUnauthorized: this.#hasClientAuthority,
    };
  }

  /** Keeps a server's certificates fresh until it closes, and tells of clients that it refuses. */
  attach(server: Server): void {
    this.#servers.add(server);
    server.on('tlsClientError', (error, socket) => this.#refused.add(error, socket));
    server.once('close', () => this.#servers.delete(server));
  }

  /** Looks at the files now, and loads them again if they changed. Returns whether they were. */
  reload(): boolean {
    return this.#watch.look();
  }

  /** Ends the looking. Safe when repeated. */
  close(): void {
    this.#watch.close();
  }
}

/** A client's certificates, and those it trusts. */
export class ClientTls {
  readonly #watch: TlsWatch;
  readonly #listeners = new Set<() => void>();
  #secureContext: SecureContext;
  /** False if the server's certificate is not checked. */
  readonly rejectUnauthorized: boolean;
  /** The name to ask for and to check, where it is not the endpoint's. */
  readonly serverName: string | undefined;

  /** Loads the files. Throws COMPONENT_START, naming the setting and the file. */
  constructor(config: TlsClientConfig, options: TlsFileOptions) {
    this.#secureContext = createSecureContext(loadClient(config, options));
    this.rejectUnauthorized = !config.insecure_skip_verify;
    this.serverName = config.server_name_override;
    const files = [config.ca_file, config.cert_file, config.key_file].filter((path) => path !== undefined);
    this.#watch = new TlsWatch(files, config.reload_interval, options, () => {
      this.#secureContext = createSecureContext(loadClient(config, options));
      for (const listener of this.#listeners) {
        listener();
      }
    });
  }

  /** For new connections; another one after each reload. */
  get secureContext(): SecureContext {
    return this.#secureContext;
  }

  /** Calls back after each reload; returns the function that ends it. */
  onReload(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks at the files now, and loads them again if they changed. Returns whether they were. */
  reload(): boolean {
    return this.#watch.look();
  }

  /** Ends the looking. Safe when repeated. */
  close(): void {
    this.#watch.close();
  }
}

/** Whether a client's block asks for clear text: `insecure` without certificates to trust, as in the Collector. */
export function isClearText(config: TlsClientConfig): boolean {
  return config.insecure && config.ca_file === undefined && config.ca_pem === undefined;
}

/** Looks at files now and then, and has them loaded again when they changed. */
class TlsWatch {
  readonly #files: readonly string[];
  readonly #options: TlsFileOptions;
  readonly #load: () => void;
  readonly #timer: NodeJS.Timeout | undefined;
  #mark: string | undefined;

  constructor(files: readonly string[], intervalMs: number, options: TlsFileOptions, load: () => void) {
    this.#files = files;
    this.#options = options;
    this.#load = load;
    this.#mark = filesMark(files, options.configDir);
    if (files.length > 0 && intervalMs > 0) {
      this.#timer = setInterval(() => this.look(), intervalMs).unref();
    }
  }

  look(): boolean {
    const { where, configDir, logger } = this.#options;
    const mark = filesMark(this.#files, configDir);
    if (mark === undefined || mark === this.#mark) {
      return false;
    }
    this.#mark = mark;
    try {
      this.#load();
    } catch (error) {
      logger.error({ error }, 'the changed certificates cannot be loaded, the former ones stay in use');
      return false;
    }
    logger.info({ setting: where }, 'loaded the changed certificates');
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function loadServer(config: TlsServerConfig, options: TlsFileOptions): SecureContextOptions {
  const identity = loadIdentity(config, options);
  const context =
    config.client_ca_file === undefined
      ? identity
      : { ...identity, ca: loadAuthorityFile(config, 'client_ca_file', config.client_ca_file, options) };
  return checked(context, options.where);
}

function loadClient(config: TlsClientConfig, options: TlsFileOptions): SecureContextOptions {
  const ca = loadAuthorities(config, options) ?? systemAuthorities();
  return checked({ ...loadIdentity(config, options), ca }, options.where);
}

/** What remains to be wrong after the files were checked one by one. */
function checked(context: SecureContextOptions, where: string): SecureContextOptions {
  try {
    createSecureContext(context);
  } catch (error) {
    throw tlsProblem(where, 'cert_file', `cannot be used (${(error as Error).message}).`, error);
  }
  return context;
}
