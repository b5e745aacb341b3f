import { beforeEach, describe, expect, it } from 'vitest';
import { BpfObject, probeObject } from '../src/index.ts';
import { FIXTURE, withFixture } from './fixture.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

beforeEach(skipWithoutBpf);

describe('BpfObject', () => {
  it('creates the maps and knows the programs, and where the knobs are', async () => {
    await withFixture({}, (object) => {
      expect(object.programs).toEqual([
        { name: 'write_records', section: 'iter/bpf_map' },
        { name: 'number_maps', section: 'iter/bpf_map' },
        { name: 'follow_null', section: 'iter/bpf_map' },
        { name: 'dump_table', section: 'iter/bpf_map_elem' },
        { name: 'attach_nowhere', section: 'tp_btf/no_such_tracepoint' },
        { name: 'iterate_nothing', section: 'iter/no_such_iterator' },
      ]);
      const { name, type, keySize, valueSize, maxEntries, valuesPerEntry, valueStride } = object.map('table');
      expect({ name, type, keySize, valueSize, maxEntries, valuesPerEntry, valueStride }).toEqual({
        name: 'table',
        type: 1,
        keySize: 4,
        valueSize: 24,
        maxEntries: 1000,
        valuesPerEntry: 1,
        valueStride: 24,
      });
      expect(object.btf.variables('.rodata').map(({ name, size }) => [name, size])).toEqual([
        ['records', 4],
        ['salt', 8],
        ['layout', 32],
      ]);
    });
  });

  it('makes a map as large as it is told', async () => {
    await withFixture({ maxEntries: { table: 7, ring: 8192 } }, (object) => {
      expect([object.map('table').maxEntries, object.map('ring').maxEntries]).toEqual([7, 8192]);
    });
  });

  it('loads a program although others would be refused', async () => {
    await withFixture({}, (object) => {
      expect(object.load('number_maps').stats()).toMatchObject({ runCount: 0n, recursionMisses: 0n });
    });
  });

  it('loads a program that others can do without, or logs why the kernel refuses it', async () => {
    const warnings: unknown[] = [];
    const ignore = (): void => {};
    const logger = {
      debug: ignore,
      info: ignore,
      warn: (fields: unknown, message: string): void => {
        warnings.push([message, fields]);
      },
      error: ignore,
    };
    await withFixture({}, (object) => {
      expect(object.loadOptional('number_maps', logger)?.name).toBe('number_maps');
      expect(object.loadOptional('attach_nowhere', logger)).toBeUndefined();
    });
    expect(warnings).toEqual([
      [
        'a kernel program was refused',
        expect.objectContaining({ error: expect.stringContaining('has no tracepoint "no_such_tracepoint"') }),
      ],
    ]);
  });

  it('says that a cgroup cannot be opened', async () => {
    await withFixture({}, (object) => {
      expect(() => object.load('number_maps').attachCgroup('/none')).toThrow(
        "bpf: the cgroup cannot be opened (Error: ENOENT: no such file or directory, open '/none'). " +
          'Let this process read that directory.',
      );
    });
  });

  it('says that the kernel lacks a tracepoint', async () => {
    await withFixture({}, (object) => {
      expect(() => object.load('attach_nowhere')).toThrow(
        'bpf: program "attach_nowhere" (tp_btf/no_such_tracepoint): this kernel has no tracepoint ' +
          '"no_such_tracepoint". Use a newer kernel for what it gives.',
      );
    });
  });

  it('says that the kernel lacks an iterator', async () => {
    await withFixture({}, (object) => {
      expect(() => object.load('iterate_nothing')).toThrow(
        'bpf: program "iterate_nothing" (iter/no_such_iterator): this kernel has no iterator "no_such_iterator". ' +
          'Use a newer kernel for what it gives.',
      );
    });
  });

  it('says in one line why the verifier refused a program, and keeps its log', async () => {
    await withFixture({}, (object) => {
      let error: unknown;
      try {
        object.load('follow_null');
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({
        code: 'BPF_LOAD',
        message: expect.stringMatching(
          /^bpf: program "follow_null" \(iter\/bpf_map\): the kernel refused it \(EACCES: permission denied; R0 invalid mem access 'map_value_or_null'\)\. Report it, with the log, which has the verifier's reasons; the rest goes on without it\.$/,
        ),
        details: { verifierLog: expect.stringContaining('return value->count;') },
      });
    });
  });

  it.each([
    [
      'program',
      (object: BpfObject) => object.load('number_map'),
      'it has write_records, number_maps, follow_null, ',
    ],
    ['map', (object: BpfObject) => object.map('rings'), 'it has '],
  ])('names the %ss it has when asked for another', async (what, ask, known) => {
    await withFixture({}, (object) => {
      expect(() => ask(object)).toThrow(`bpf: object "fixture" has no ${what} "`);
      expect(() => ask(object)).toThrow(known);
    });
  });

  it('refuses knobs and sizes for what the object does not have', () => {
    expect(() => new BpfObject(FIXTURE, { name: 'fixture', knobs: { sugar: 1 } })).toThrow(
      'bpf: object "bpf" has no knob "sugar" (it has records, salt, layout). Build it with `npm run bpf`.',
    );
    expect(() => new BpfObject(FIXTURE, { name: 'fixture', maxEntries: { rings: 1 } })).toThrow(
      'has no map "rings"',
    );
  });

  it('refuses bytes that are no object', () => {
    expect(() => new BpfObject(new Uint8Array(100), { name: 'nothing' })).toThrow(
      /^bpf: object "nothing": libbpf cannot read it \(.+\)\. Build it with `npm run bpf`\.$/,
    );
  });

  it('may be closed twice', () => {
    const object = new BpfObject(FIXTURE, { name: 'fixture' });
    object.load('number_maps').attachIterator();
    object.close();
    object.close();
  });
});

describe('probeObject', () => {
  it('tells of each program whether it loads, and why not', () => {
    const probes = probeObject(FIXTURE, 'fixture');
    expect(probes.map(({ program, loads }) => [program, loads])).toEqual([
      ['write_records', true],
      ['number_maps', true],
      ['follow_null', false],
      ['dump_table', true],
      ['attach_nowhere', false],
      ['iterate_nothing', false],
    ]);
    expect(probes[4]).toEqual({
      program: 'attach_nowhere',
      section: 'tp_btf/no_such_tracepoint',
      loads: false,
      problem:
        'bpf: program "attach_nowhere" (tp_btf/no_such_tracepoint): this kernel has no tracepoint ' +
        '"no_such_tracepoint". Use a newer kernel for what it gives.',
    });
    expect(probes[2]?.verifierLog).toContain('return value->count;');
  });
});
