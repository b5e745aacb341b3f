import v8 from 'node:v8';

/** V8's own. */
const DEFAULT_GROWTH_FACTOR = 2;

let holders = 0;

/**
 * Keeps V8's young generation from growing until the function that is returned has been called. Who takes in much that stays (the
 * first list of a cluster) makes V8 triple it to a hundred megabytes, none of which it needs: with 100,000 pods the process
 * then takes 396 MiB at most, and 293 MiB so (docs/decisions/0008). V8 reads the flag whenever it would let it grow.
 */
export function keepYoungGenerationSmall(): () => void {
  holders += 1;
  if (holders === 1) setGrowthFactor(1);
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    holders -= 1;
    if (holders === 0) setGrowthFactor(DEFAULT_GROWTH_FACTOR);
  };
}

function setGrowthFactor(factor: number): void {
  v8.setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
