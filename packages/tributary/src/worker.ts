/** Where a worker thread begins: `service::workers`. */
import module from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerStart } from '@tributary/core';

const start = workerData as WorkerStart;
// Before anything else is loaded, so that it is taken from where the main thread left it.
if (start.compileCache !== undefined) module.enableCompileCache(start.compileCache);
const [{ Registry, runWorker }, { BUILTIN_FACTORIES }, { VERSION }] = await Promise.all([
  import('@tributary/core'),
  import('./builtin.ts'),
  import('./version.ts'),
]);
if (parentPort === null) throw new Error('worker.ts is run by the main thread.');
await runWorker(parentPort, start, { registry: new Registry(BUILTIN_FACTORIES), version: VERSION });
