/** Starts a control plane, says what there is, and waits to be killed: part of control-plane.test.ts. */
import path from 'node:path';
import { startControlPlane } from '../../src/index.ts';

const controlPlane = await startControlPlane();
console.log(JSON.stringify({ folder: path.dirname(controlPlane.caFile), url: controlPlane.url }));
setInterval(() => {}, 1_000_000);
