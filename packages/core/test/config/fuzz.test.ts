// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError, type Diagnostic } from '../../src/config/diagnostic.ts';
import { formatDiagnostics } from '../../src/config/format-diagnostic.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { testRegistry } from './factories.ts';

const CONFIG = `receivers:
  otlp:
    protocols:
      grpc: { endpoint: "localhost:4317" }
      http:
  hostmetrics: { interval: 1m30s, scrapers: [cpu, load] }
processors:
  attributes: &shared
    actions:
      - { action: insert, key: a, value: 1 }
      - { action: delete, key: b }
  attributes/2: *shared
exporters:
  otlp_http:
    endpoint: \${env:ENDPOINT:-http://localhost:4318}
    headers: { authorization: "Bearer \${env:TOKEN}" }
    labels: { a: 1 }
connectors: { count: , forward: }
extensions: { health_check: }
service:
  extensions: [health_check]
  telemetry: { logs: { level: debug }, metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp], processors: [attributes], exporters: [otlp_http, count] }
    metrics: { receivers: [hostmetrics, count], processors: [attributes/2], exporters: [otlp_http, forward] }
    metrics/2: { receivers: [forward], exporters: [otlp_http] }
`;

/** What is wrong with a configuration text, if anything; whatever else is thrown fails the test. */
async function diagnose(text: string): Promise<readonly Diagnostic[]> {
  try {
    const { warnings } = await loadConfig({
      uris: [`yaml:${text}`],
      env: { TOKEN: 'hunter2' },
      registry: testRegistry(),
    });
    return warnings;
  } catch (error) {
    if (error instanceof ConfigError) return error.diagnostics;
    throw error;
  }
}

/** A place in the text, and what is put there instead of so many characters. */
const edit = fc.record({
  at: fc.nat({ max: CONFIG.length }),
  remove: fc.nat({ max: 12 }),
  insert: fc.oneof(
    fc.constantFrom(
      '',
      ':',
      ' ',
      '\n',
      '\n  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      '&x ',
      '*x',
      '*shared',
      '<<: ',
      '${',
      '}',
      '${env:TOKEN}',
      '!!int ',
      '|\n',
      '#',
      '::',
      'null',
      '__proto__: ',
    ),
    fc.string({ maxLength: 5 }),
  ),
});

test('however a configuration is damaged, it is loaded or refused, at places that exist, without its secrets', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      const text = edits.reduce(
        (damaged, { at, remove, insert }) => damaged.slice(0, at) + insert + damaged.slice(at + remove),
        CONFIG,
      );
      const diagnostics = await diagnose(text);
      const lines = text.split('\n');
      for (const { line, column, message } of diagnostics) {
        expect(message).not.toBe('');
        if (line === undefined || column === undefined) continue;
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeLessThanOrEqual((lines[line - 1] as string).length + 1);
      }
      expect(formatDiagnostics(diagnostics, { excerpt: true })).not.toContain('hunter2');
    }),
    { numRuns: 400 },
  );
});

test('the text that is damaged is good', async () => {
  expect((await diagnose(CONFIG)).map(({ message }) => message)).toStrictEqual([
    'type "hostmetrics" is deprecated',
  ]);
});
