import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { getCACertificates, type SecureContextOptions, type SecureVersion } from 'node:tls';
import type { Logger } from '../component/logger.ts';
import { PipelineError } from '../errors.ts';
import { CIPHER_SUITES, type TlsCommonConfig } from './tls-config.ts';

/** What is needed to find the files of a TLS block and to name it in messages. */
export interface TlsFileOptions {
  /** The path of the block in the configuration, such as `receivers::otlp::protocols::grpc::tls`. */
  readonly where: string;
  /** The folder that relative paths are resolved against. */
  readonly configDir: string;
  readonly logger: Logger;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

const CURVE_NAMES: Readonly<Record<TlsCommonConfig['curve_preferences'][number], string>> = {
  P256: 'P-256',
  P384: 'P-384',
  P521: 'P-521',
  X25519: 'X25519',
  X25519MLKEM768: 'X25519MLKEM768',
};

const VERSION_NAMES: Readonly<Record<TlsCommonConfig['min_version'], SecureVersion>> = {
  '1.0': 'TLSv1',
  '1.1': 'TLSv1.1',
  '1.2': 'TLSv1.2',
  '1.3': 'TLSv1.3',
};

/**
 * Reads the files of a TLS block and makes what `tls.createSecureContext` takes, without the certificates to trust.
 * Throws COMPONENT_START, naming the setting and the file.
 */
export function loadIdentity(config: TlsCommonConfig, options: TlsFileOptions): SecureContextOptions {
  const cert = readPem(config, 'cert', options);
  const key = readPem(config, 'key', options);
  if (cert !== undefined && key !== undefined) {
    checkPair(cert, key, options);
  }
  return {
    minVersion: VERSION_NAMES[config.min_version],
    ...(config.max_version === undefined ? {} : { maxVersion: VERSION_NAMES[config.max_version] }),
    ...(config.cipher_suites.length === 0 ? {} : { ciphers: cipherList(config.cipher_suites) }),
    ...(config.curve_preferences.length === 0
      ? {}
      : { ecdhCurve: config.curve_preferences.map((curve) => CURVE_NAMES[curve]).join(':') }),
    ...(cert === undefined ? {} : { cert: cert.text }),
    ...(key === undefined ? {} : { key: key.text }),
  };
}

/** The certificates of `ca_file` or `ca_pem`; undefined if the block has neither. */
export function loadAuthorities(config: TlsCommonConfig, options: TlsFileOptions): string[] | undefined {
  const pem = readPem(config, 'ca', options);
  return pem === undefined ? undefined : withSystem(config, certificates(pem, options));
}

/** The certificates of a file named by another setting. */
export function loadAuthorityFile(
  config: TlsCommonConfig,
  setting: string,
  path: string,
  options: TlsFileOptions,
): string[] {
  return withSystem(config, certificates({ setting, text: readFile(setting, path, options) }, options));
}

/** The certificates that Go would trust when none are named: the system's, and those that Node brings along. */
export function systemAuthorities(): string[] {
  return [...new Set([...getCACertificates('system'), ...getCACertificates('default')])];
}

/** A problem of a TLS block, found when its component starts. */
export function tlsProblem(where: string, setting: string, problem: string, cause?: unknown): PipelineError {
  return new PipelineError('COMPONENT_START', `${where}::${setting}: ${problem}`, { cause });
}

/**
 * A mark that changes whenever one of the files is written, replaced, or reached by another symbolic link (as
 * Kubernetes does with secrets). A file that is missing counts as unchanged: it is being replaced.
 */
export function filesMark(paths: readonly string[], configDir: string): string | undefined {
  const marks: string[] = [];
  for (const path of paths) {
    const stats = statSync(resolve(configDir, path), { throwIfNoEntry: false });
    if (stats === undefined) {
      return undefined;
    }
    marks.push(`${stats.dev}.${stats.ino}.${stats.size}.${stats.mtimeMs}`);
  }
  return marks.join(' ');
}

/** OpenSSL's names for the suites, after those of TLS 1.3, which are not for choosing. */
function cipherList(suites: TlsCommonConfig['cipher_suites']): string {
  const tls13 = Object.values(CIPHER_SUITES).filter((name) => name.startsWith('TLS_'));
  return [...new Set([...tls13, ...suites.map((suite) => CIPHER_SUITES[suite])])].join(':');
}

interface Pem {
  readonly setting: string;
  readonly text: string;
}

function readPem(
  config: TlsCommonConfig,
  name: 'ca' | 'cert' | 'key',
  options: TlsFileOptions,
): Pem | undefined {
  const path = config[`${name}_file`];
  if (path !== undefined) {
    const setting = `${name}_file`;
    return { setting, text: readFile(setting, path, options) };
  }
  const text = config[`${name}_pem`];
  return text === undefined ? undefined : { setting: `${name}_pem`, text };
}

function readFile(setting: string, path: string, { where, configDir }: TlsFileOptions): string {
  const absolute = resolve(configDir, path);
  try {
    return readFileSync(absolute, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw tlsProblem(
      where,
      setting,
      `cannot be read ("${absolute}": ${reason}). Name a PEM file that this process may read.`,
      error,
    );
  }
}

function certificates({ setting, text }: Pem, { where }: TlsFileOptions): string[] {
  const found = text.match(PEM_CERTIFICATE) ?? [];
  if (found.length === 0) {
    throw tlsProblem(
      where,
      setting,
      'holds no certificate in PEM form. Begin it with -----BEGIN CERTIFICATE-----.',
    );
  }
  for (const certificate of found) {
    parseCertificate(certificate, setting, where);
  }
  return [...found];
}

function checkPair(cert: Pem, key: Pem, options: TlsFileOptions): void {
  const { where } = options;
  const leaf = parseCertificate(certificates(cert, options)[0]!, cert.setting, where);
  let privateKey: ReturnType<typeof createPrivateKey>;
  try {
    privateKey = createPrivateKey(key.text);
  } catch (error) {
    throw tlsProblem(
      where,
      key.setting,
      `holds no private key in PEM form (${(error as Error).message}). Give an unencrypted PEM key.`,
    );
  }
  if (!leaf.checkPrivateKey(privateKey)) {
    throw tlsProblem(
      where,
      key.setting,
      `is not the key of the certificate in ${cert.setting} (${leaf.subject.replaceAll('\n', ', ')}). Give the two that belong together.`,
    );
  }
}

function parseCertificate(pem: string, setting: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw tlsProblem(
      where,
      setting,
      `holds a damaged certificate (${(error as Error).message}). Give certificates in PEM form.`,
    );
  }
}

function withSystem(config: TlsCommonConfig, own: string[]): string[] {
  return config.include_system_ca_certs_pool ? [...own, ...systemAuthorities()] : own;
}
