/** Where a worker thread begins: `service::workers`. */
import module from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerStart } from '@tributary/core';

const start = workerData as WorkerStart;
// Before anything else is loaded. Workers run with other flags of V8 than the main thread when it began, so what Node
// keeps of them is in a folder beside the main thread's, from which the workers of the next run take it.
if (start.compileCache !== undefined) module.enableCompileCache(start.compileCache);
const [{ Registry, runWorker }, { BUILTIN_FACTORIES }, { duplicateDescriptor }, { VERSION }] =
  await Promise.all([
    import('@tributary/core'),
    import('./builtin.ts'),
    import('./duplicate-descriptor.ts'),
    import('./version.ts'),
  ]);
if (parentPort === null) throw new Error('worker.ts is run by the main thread.');
const registry = new Registry(BUILTIN_FACTORIES);
await runWorker(parentPort, start, { registry, version: VERSION, duplicateDescriptor });
