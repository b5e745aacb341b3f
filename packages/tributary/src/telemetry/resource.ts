import { randomUUID } from 'node:crypto';
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@tributary/core';

/**
 * The resource of the process's own telemetry: what the configuration says, and the three attributes that the
 * Collector sets by itself, unless the configuration suppresses one with null.
 */
export function telemetryResource(
  configured: Readonly<Record<string, string | number | boolean | null>>,
  version: string,
): Record<string, string | number | boolean> {
  const merged: Record<string, string | number | boolean | null> = {
    [ATTR_SERVICE_NAME]: 'tributary',
    [ATTR_SERVICE_VERSION]: version,
    [ATTR_SERVICE_INSTANCE_ID]: randomUUID(),
    ...configured,
  };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string | number | boolean] => entry[1] !== null),
  );
}
