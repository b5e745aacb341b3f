/** Usage: node keep.ts CLUSTER. Removes a cluster whose owner was killed; see ../keeper.ts, which starts it. */
import { removeWhenOrphaned } from '../keeper.ts';

await removeWhenOrphaned(process.argv[2] ?? '');
