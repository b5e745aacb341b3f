import { randomUUID } from 'node:crypto';

/**
 * The resource of the process's own telemetry: what the configuration says, and the three attributes that the
 * Collector sets by itself, unless the configuration suppresses one with null.
 */
export function telemetryResource(
  configured: Readonly<Record<string, string | number | boolean | null>>,
  version: string,
): Record<string, string | number | boolean> {
  const merged: Record<string, string | number | boolean | null> = {
    'service.name': 'tributary',
    'service.version': version,
    'service.instance.id': randomUUID(),
    ...configured,
  };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string | number | boolean] => entry[1] !== null),
  );
}
