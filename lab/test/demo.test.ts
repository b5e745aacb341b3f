import { beforeEach, expect, it } from 'vitest';
import { demo } from '../demo.ts';
import { haproxyCounts, nginxRequests, redisCounts, withCluster } from '../src/index.ts';
import { skipWithoutLab } from './skip-without-lab.ts';

beforeEach(skipWithoutLab);

it('what "npm run lab" makes has traffic through all of it', async () => {
  await withCluster(demo({}), async (lab) => {
    const traffic = async () => {
      const front = await haproxyCounts(lab.pod('shop/front-0').container());
      const cache = await redisCounts(lab.pod('shop/cache-0').container());
      const pages = ['web-0', 'web-1'].flatMap((name) => nginxRequests(lab.pod(`shop/${name}`).container()));
      const served = pages.filter(({ status }) => status === 200).length;
      return [front.connections, cache.commands, served].every((count) => count > 1);
    };
    await expect.poll(traffic, { timeout: 20_000, interval: 200 }).toBe(true);
  });
});
