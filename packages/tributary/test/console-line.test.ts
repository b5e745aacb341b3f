import { describe, expect, it } from 'vitest';
import { formatConsoleLine } from '../src/telemetry/console-line.ts';

describe('formatConsoleLine', () => {
  it('puts time, level, component and message first, then the fields', () => {
    const json = JSON.stringify({
      level: 40,
      ts: '2026-01-02T03:04:05.006Z',
      'otelcol.component.id': 'otlp/2',
      'otelcol.component.kind': 'receiver',
      dropped: 3,
      reason: 'queue is full',
      msg: 'data was dropped',
    });
    expect(formatConsoleLine(json)).toBe(
      '2026-01-02T03:04:05.006Z  warn   otlp/2  data was dropped  dropped=3  reason="queue is full"\n',
    );
  });

  it('ends with the message of an error', () => {
    const json = JSON.stringify({
      level: 50,
      ts: 'T',
      error: { message: 'no route', code: 'X' },
      msg: 'export',
    });
    expect(formatConsoleLine(json)).toBe('T  error  export  error="no route"\n');
  });

  it('shows control characters instead of obeying them', () => {
    const json = JSON.stringify({ level: 30, ts: 'T', name: 'a\u001b[2Jb', msg: 'line\nbreak' });
    expect(formatConsoleLine(json)).toBe('T  info   line\\nbreak  name=a\\x1b[2Jb\n');
  });

  it('passes on what is not JSON', () => {
    expect(formatConsoleLine('not json\n')).toBe('not json\n');
  });
});
