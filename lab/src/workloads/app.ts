import path from 'node:path';
import type { Container } from '../container.ts';
import type { Workload } from '../description.ts';
import type { AppCounts, AppOptions } from '../programs/app-options.ts';

const PROGRAM = path.join(import.meta.dirname, '../programs/app.ts');

/** A Node application that calls a web server and a Redis for each request that it gets. */
export function app(options: AppOptions): Workload {
  return () => ({
    command: [process.execPath, PROGRAM, JSON.stringify(options)],
    listens: [{ port: options.port }],
  });
}

/** What an application counted itself. */
export function appCounts({ main }: Container): Promise<AppCounts> {
  main.write('counts');
  return main.json();
}

/** Has an application close its connections to the others, and returns what it counted. */
export function closeAppConnections({ main }: Container): Promise<AppCounts> {
  main.write('close');
  return main.json();
}
