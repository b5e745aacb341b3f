import { expect, it } from 'vitest';
import { mappingsOf, readMappings } from './mappings.ts';

const SMAPS = `00400000-05b3d000 r-xp 00000000 fe:00 1064 /usr/bin/node
Size:              58612 kB
Rss:               40000 kB
2bc5d000-2d2a4000 rw-p 00000000 00:00 0                                  [heap]
Rss:               20000 kB
7f3c64000000-7f3c64a51000 rw-p 00000000 00:00 0
Rss:                3000 kB
7f3c64a51000-7f3c68000000 ---p 00000000 00:00 0
Rss:                   0 kB
7f3c6a1c3000-7f3c6a203000 rw-p 00000000 00:00 0
Rss:                 256 kB
7ffd1a3e2000-7ffd1a404000 rw-p 00000000 00:00 0                          [stack]
Rss:                 100 kB
`;

it('what is resident is told by what it is mapped for', () => {
  expect(mappingsOf(SMAPS)).toEqual({
    malloc: 23_000 * 1024,
    files: 40_000 * 1024,
    anonymous: 356 * 1024,
    arenas: 1,
  });
});

it.skipIf(process.platform !== 'linux')('of this process some is resident of each kind', () => {
  const { malloc, files, anonymous } = readMappings(process.pid);
  expect([malloc, files, anonymous].every((bytes) => bytes > 0)).toBe(true);
});
