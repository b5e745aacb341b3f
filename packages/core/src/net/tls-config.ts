/** The TLS blocks of configurations: the Collector's `configtls`, for both ends. */
import { duration, opaqueString, z } from '../config/schema-types.ts';

/** TLS versions, by the Collector's names. */
export const TLS_VERSIONS = ['1.0', '1.1', '1.2', '1.3'] as const;
/** Curves of the key exchange, by the Collector's names. */
export const TLS_CURVES = ['P256', 'P384', 'P521', 'X25519', 'X25519MLKEM768'] as const;

/**
 * Cipher suites by their names at the IANA and in Go, and what OpenSSL calls them: those that Go holds to be secure. The
 * suites of TLS 1.3 are always on, as in Go.
 */
export const CIPHER_SUITES = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
} as const;

/** The name of a cipher suite at the IANA. */
type CipherSuite = keyof typeof CIPHER_SUITES;

/** How often the files are looked at when `client_ca_file_reload` asks for it and `reload_interval` is 0. */
export const DEFAULT_RELOAD_INTERVAL = '1m';

const file = (meaning: string) => z.string().min(1).optional().describe(meaning);
const pem = (meaning: string) => opaqueString().min(1).optional().describe(meaning);

const commonShape = {
  ca_file: file(
    'Path of the PEM file with the certificates that a server is trusted by. A server does not use it.',
  ),
  ca_pem: pem('The same as `ca_file`, as PEM text.'),
  include_system_ca_certs_pool: z
    .boolean()
    .default(false)
    .describe(
      "Whether the system's certificates are trusted besides those of `ca_file` or `client_ca_file`.",
    ),
  cert_file: file('Path of the PEM file with the own certificate and its chain.'),
  cert_pem: pem('The same as `cert_file`, as PEM text.'),
  key_file: file("Path of the PEM file with the own certificate's private key."),
  key_pem: pem('The same as `key_file`, as PEM text.'),
  min_version: z.enum(TLS_VERSIONS).default('1.2').describe('The oldest TLS version that is spoken.'),
  max_version: z
    .enum(TLS_VERSIONS)
    .optional()
    .describe('The newest TLS version that is spoken; the newest known if absent.'),
  cipher_suites: z
    .array(z.enum(Object.keys(CIPHER_SUITES) as [CipherSuite, ...CipherSuite[]]))
    .default([])
    .describe('Cipher suites of TLS up to 1.2, by the names that the IANA gives them; a safe list if empty.'),
  curve_preferences: z
    .array(z.enum(TLS_CURVES))
    .default([])
    .describe("Curves of the key exchange, the preferred first; the library's if empty."),
  reload_interval: duration({ default: DEFAULT_RELOAD_INTERVAL }).describe(
    'How often the files are looked at, to load them again when they changed; 0 for never.',
  ),
  tpm: z
    .never('is not supported: keys are read from files or PEM text. Remove "tpm".')
    .optional()
    .describe('Not supported.'),
};

/** `tls` of a server. */
export const tlsServerSchema = z
  .strictObject({
    ...commonShape,
    client_ca_file: file(
      'Path of the PEM file that client certificates are checked against; with it every client needs one.',
    ),
    client_ca_file_reload: z
      .boolean()
      .default(false)
      .describe('Whether `client_ca_file` is loaded again when it changes even if `reload_interval` is 0.'),
  })
  .superRefine((config, context) => {
    checkCommon(config, context);
    if (!hasCert(config) && !hasKey(config)) {
      report(context, 'cert_file', 'expected cert_file or cert_pem: a server needs a certificate');
    }
  });

/** `tls` of a client. */
export const tlsClientSchema = z
  .strictObject({
    ...commonShape,
    insecure: z
      .boolean()
      .default(false)
      .describe(
        'Whether the connection is in clear text, where the endpoint does not say so by its scheme. With `ca_file` or `ca_pem` it is encrypted all the same.',
      ),
    insecure_skip_verify: z
      .boolean()
      .default(false)
      .describe("Whether the connection is encrypted but the server's certificate is not checked."),
    server_name_override: z
      .string()
      .optional()
      .describe(
        'The name that the server is asked for and its certificate must have, instead of that of the endpoint.',
      ),
  })
  .superRefine(checkCommon);

/** What `tlsServerSchema` yields. */
export type TlsServerConfig = z.output<typeof tlsServerSchema>;

/** What `tlsClientSchema` yields. */
export type TlsClientConfig = z.output<typeof tlsClientSchema>;

/** What both yield. */
export type TlsCommonConfig = Omit<
  TlsClientConfig,
  'insecure' | 'insecure_skip_verify' | 'server_name_override'
>;

function checkCommon(config: TlsCommonConfig, context: z.RefinementCtx): void {
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (config[`${name}_file`] !== undefined && config[`${name}_pem`] !== undefined) {
      report(context, `${name}_pem`, `expected either ${name}_file or ${name}_pem, not both`);
    }
  }
  if (hasCert(config) && !hasKey(config)) {
    report(context, 'key_file', 'expected key_file or key_pem: a certificate needs its private key');
  } else if (hasKey(config) && !hasCert(config)) {
    report(context, 'cert_file', 'expected cert_file or cert_pem: a private key needs its certificate');
  }
  if (config.max_version !== undefined && config.max_version < config.min_version) {
    report(context, 'max_version', `expected max_version to be at least min_version (${config.min_version})`);
  }
}

function hasCert(config: TlsCommonConfig): boolean {
  return config.cert_file !== undefined || config.cert_pem !== undefined;
}

function hasKey(config: TlsCommonConfig): boolean {
  return config.key_file !== undefined || config.key_pem !== undefined;
}

function report(context: z.RefinementCtx, key: string, message: string): void {
  context.addIssue({ code: 'custom', path: [key], message, input: undefined });
}
