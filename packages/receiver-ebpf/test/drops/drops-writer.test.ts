import { describe, expect, it } from 'vitest';
import type { DropSeries } from '../../src/drops/drop-series.ts';
import { DropsWriter } from '../../src/drops/drops-writer.ts';

const SERIES: DropSeries = {
  reason: 12,
  direction: 1,
  ipVersion: 4,
  transport: 17,
  networkNamespace: 4026531840,
  interfaceName: 'eth0',
  cgroup: undefined,
  packets: 42,
  startUnixNs: 1_000n,
  changedMs: 0,
};

const writer = new DropsWriter({
  version: '1.2.3',
  reasons: { nameOf: (reason) => `reason ${reason}` },
  hostName: 'node-1',
});

describe('DropsWriter', () => {
  it('writes nothing where there is nothing', () => {
    expect(writer.write([], 5n)).toBeUndefined();
  });

  it('writes a cumulative sum with a data point for each, without what is not known', () => {
    const unknown = {
      ...SERIES,
      direction: 0,
      ipVersion: 0,
      transport: 0,
      networkNamespace: 0,
      interfaceName: '',
    };
    const batch = writer.write([SERIES, unknown], 5_000n);
    expect(JSON.parse(batch?.toJson() ?? '')).toEqual({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'host.name', value: { stringValue: 'node-1' } }] },
          scopeMetrics: [
            {
              scope: { name: '@tributary/receiver-ebpf', version: '1.2.3' },
              metrics: [
                {
                  name: 'network.flow.drops',
                  description: 'Packets that the kernel dropped.',
                  unit: '{packet}',
                  sum: {
                    aggregationTemporality: 2,
                    isMonotonic: true,
                    dataPoints: [
                      {
                        startTimeUnixNano: '1000',
                        timeUnixNano: '5000',
                        asInt: '42',
                        attributes: [
                          { key: 'network.drop.reason', value: { stringValue: 'reason 12' } },
                          { key: 'network.io.direction', value: { stringValue: 'receive' } },
                          { key: 'network.transport', value: { stringValue: 'udp' } },
                          { key: 'network.type', value: { stringValue: 'ipv4' } },
                          { key: 'network.interface.name', value: { stringValue: 'eth0' } },
                          { key: 'network.namespace.inode', value: { intValue: '4026531840' } },
                        ],
                      },
                      {
                        startTimeUnixNano: '1000',
                        timeUnixNano: '5000',
                        asInt: '42',
                        attributes: [{ key: 'network.drop.reason', value: { stringValue: 'reason 12' } }],
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });
});
