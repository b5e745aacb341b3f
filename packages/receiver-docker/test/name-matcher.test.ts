import { describe, expect, it } from 'vitest';
import { dockerConfigSchema, validateDockerConfig } from '../src/config.ts';
import { compileNames } from '../src/name-matcher.ts';

describe('a list of names', () => {
  it.each<[list: string[], name: string, isMeant: boolean]>([
    [[], 'redis', false],
    [['redis'], 'redis', true],
    [['redis'], 'redis:7', false],
    [['redis*'], 'redis:7', true],
    [['*/pause:*'], 'registry.k8s.io/pause:3.9', true],
    [['redis:?'], 'redis:7', true],
    [['redis:?'], 'redis:77', false],
    [['redis:[0-6]'], 'redis:7', false],
    [['redis:[!0-6]'], 'redis:7', true],
    [['{redis,valkey}:7'], 'valkey:7', true],
    [['{redis,valkey}:7'], 'valkey,7', false],
    [['a.c*'], 'abc', false],
    [['/^red.s/'], 'redis:7', true],
    [['/is$/'], 'redis:7', false],
    [['!redis'], 'redis', false],
    [['!redis'], 'nginx', true],
    [['!/redis/'], 'nginx', true],
    [['!/redis/'], 'redis', false],
    [['!redis*', 'nginx'], 'redis:7', false],
    [['!redis', 'nginx'], 'nginx', true],
  ])('%j and %j: %s', (list, name, isMeant) => {
    const matcher = compileNames(list);
    expect(typeof matcher === 'function' && matcher(name)).toBe(isMeant);
  });

  it('says which item is no pattern', () => {
    const config = dockerConfigSchema.parse({ excluded_images: ['redis', '/(/'], excluded_labels: ['/[/'] });
    expect(
      validateDockerConfig(config).map(({ path, message }) => [path.join('::'), message.split('(')[0]]),
    ).toEqual([
      ['excluded_images::1', '"/'],
      ['excluded_labels::0', '"/[/" is no pattern '],
    ]);
  });
});
