import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The newest version of the builder of which every component that we need builds from Go modules alone. */
const COLLECTOR_VERSION = 'v0.149.0';
const PROVIDER_VERSION = 'v1.55.0';
const CORE = 'go.opentelemetry.io/collector';
const CONTRIB = 'github.com/open-telemetry/opentelemetry-collector-contrib';

const MANIFEST = `dist: { name: otelcol, output_path: ./dist }
receivers:
  - gomod: ${CORE}/receiver/otlpreceiver ${COLLECTOR_VERSION}
processors:
  - gomod: ${CORE}/processor/memorylimiterprocessor ${COLLECTOR_VERSION}
  - gomod: ${CONTRIB}/processor/attributesprocessor ${COLLECTOR_VERSION}
  - gomod: ${CONTRIB}/processor/k8sattributesprocessor ${COLLECTOR_VERSION}
  - gomod: ${CONTRIB}/processor/resourceprocessor ${COLLECTOR_VERSION}
exporters:
  - gomod: ${CORE}/exporter/otlpexporter ${COLLECTOR_VERSION}
  - gomod: ${CORE}/exporter/otlphttpexporter ${COLLECTOR_VERSION}
  - gomod: ${CORE}/exporter/debugexporter ${COLLECTOR_VERSION}
providers:
  - gomod: ${CORE}/confmap/provider/fileprovider ${PROVIDER_VERSION}
  - gomod: ${CORE}/confmap/provider/envprovider ${PROVIDER_VERSION}
`;

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): void {
  const result = spawnSync(command, args, {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (result.status === 0) return;
  const reason = result.error?.message ?? result.stderr.trim().split('\n').slice(-3).join('\n');
  throw new Error(`${command} ${args.join(' ')}: ${reason}`);
}

/** The folder of the checkout into which a Go Collector is built. */
const FOLDER = path.resolve(import.meta.dirname, '../../.cache', `otelcol-${COLLECTOR_VERSION}-k8s`);
const BINARY = path.join(FOLDER, 'dist', 'otelcol');

/**
 * The path of a Go Collector that is there already: what `OTELCOL` names, else one that was built before.
 * @throws Error when `OTELCOL` names nothing
 */
export function existingCollector(): string | undefined {
  const given = process.env['OTELCOL'];
  if (given !== undefined) {
    if (!existsSync(given)) throw new Error(`OTELCOL=${given}: there is no such file`);
    return given;
  }
  return existsSync(BINARY) ? BINARY : undefined;
}

/**
 * The path of a Go Collector: one that is there, else built from Go modules (two and a half minutes, once) into the
 * checkout's `.cache`.
 * @throws Error when it cannot be built
 */
export function findCollector(): string {
  const existing = existingCollector();
  if (existing !== undefined) return existing;
  console.error(`bench: building a Go Collector ${COLLECTOR_VERSION}, once; this takes some minutes …`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path.join(FOLDER, 'builder.yaml'), MANIFEST);
  const env = { ...process.env, GOBIN: FOLDER, CGO_ENABLED: '0' };
  run('go', ['install', `${CORE}/cmd/builder@${COLLECTOR_VERSION}`], FOLDER, env);
  run(path.join(FOLDER, 'builder'), ['--config', 'builder.yaml'], FOLDER, env);
  return BINARY;
}
