import { describe, expect, it } from 'vitest';
import { dockerConfigSchema } from '../src/config.ts';

describe('the settings of the docker receiver', () => {
  it("default to Docker's socket", () => {
    expect(dockerConfigSchema.parse({})).toEqual({
      endpoint: 'unix:///var/run/docker.sock',
      timeout: 5000,
      excluded_images: [],
      excluded_labels: [],
      cache_sync_interval: 3_600_000,
    });
  });

  it("take the Collector's example", () => {
    const collector = {
      endpoint: '/my/path/to/docker.sock',
      excluded_images: ['redis', 'another_image_name'],
      api_version: '1.44',
      timeout: '15s',
      cache_sync_interval: '20m',
    };
    expect(dockerConfigSchema.parse(collector)).toMatchObject({
      timeout: 15_000,
      cache_sync_interval: 1_200_000,
    });
  });

  it.each([
    [
      { endpoint: 'docker.sock' },
      'expected the path of a socket or a URL, such as "unix:///var/run/docker.sock" or "tcp://10.0.0.1:2375"',
    ],
    [{ api_version: '1' }, 'expected a version such as "1.44"'],
    [{ excluded_image: [] }, 'Unrecognized key: "excluded_image"'],
  ])('refuse %j', (block, message) => {
    expect(dockerConfigSchema.safeParse(block).error?.issues.map((issue) => issue.message)).toEqual([
      message,
    ]);
  });
});
