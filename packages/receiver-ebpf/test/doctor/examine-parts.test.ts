import { globSync } from 'node:fs';
import path from 'node:path';
import { BpfObject, examineMachine, PREBUILT_DIR, readPrebuilt } from '@tributary/bpf';
import { describe, expect, it } from 'vitest';
import { examineParts } from '../../src/doctor/examine-parts.ts';
import { PARTS } from '../../src/doctor/parts.ts';
import { skipWithoutBpf } from '../kernel/skip-without-bpf.ts';

const OBJECTS = PARTS.flatMap(({ object }) => (object === undefined ? [] : [object]));

/** The programs of an object with what they attach to. Needs no permission but that to create maps. */
function programsOf(object: string) {
  const opened = new BpfObject(readPrebuilt(object), { name: object });
  opened.close();
  return opened.programs;
}

/** The object with the hook `section` renamed to one that no kernel has. */
function withoutHook(object: string, section: string): Uint8Array {
  const bytes = Buffer.from(readPrebuilt(object));
  const renamed = `${section.slice(0, -1)}~`;
  for (let at = bytes.indexOf(`${section}\0`); at >= 0; at = bytes.indexOf(`${section}\0`, at)) {
    bytes.write(renamed, at);
  }
  return bytes;
}

const EVERYTHING = PARTS.map(({ block, title, isFallback }) => ({
  block,
  title,
  ...(isFallback ? { isFallback } : {}),
  state: 'runs',
  findings: [],
}));

describe('what each part of the receiver can do', () => {
  it('is known of every object', () => {
    const files = globSync('x86_64/*.bpf.o', { cwd: PREBUILT_DIR }).map((file) =>
      path.basename(file, '.bpf.o'),
    );
    expect(OBJECTS.toSorted()).toEqual(files.toSorted());
  });

  it.for(OBJECTS)('is known of every program of %s', (object, context) => {
    skipWithoutBpf(context);
    const listed = PARTS.filter((part) => part.object === object).flatMap(({ programs }) =>
      programs.flatMap((need) => need.programs),
    );
    expect([...new Set(listed)].toSorted()).toEqual(
      programsOf(object)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it('is everything, as root of a machine that allows everything', (context) => {
    skipWithoutBpf(context);
    expect(examineParts()).toEqual(EVERYTHING);
  });

  it.for(OBJECTS)(
    'says what is missing for each program of %s that a kernel does not take',
    (object, context) => {
      skipWithoutBpf(context);
      const parts = PARTS.filter((part) => part.object === object);
      for (const { name, section } of programsOf(object)) {
        const bytes = withoutHook(object, section);
        const reports = examineParts({ parts, readObject: () => bytes });
        const names = programsOf(object)
          .filter((other) => other.section === section)
          .map((other) => other.name);
        expect(names).toEqual(expect.arrayContaining([name]));
        const expected = parts.map((part) => {
          const needs = part.programs.filter(({ programs }) => programs.every((one) => names.includes(one)));
          const findings = needs.map(({ programs, without }) => ({
            problem: expect.stringContaining(`program "${programs[0]}" (`),
            ...(without === undefined ? {} : { lost: without }),
            remedy: expect.stringMatching(/^(Use a newer kernel|Report it, with the log)/),
            capabilities: [],
          }));
          const isDead = needs.some(({ without }) => without === undefined);
          return {
            block: part.block,
            title: part.title,
            state: isDead ? 'cannot_run' : 'partly',
            findings: isDead ? findings.filter((_, at) => needs[at]?.without === undefined) : findings,
          };
        });
        expect(reports).toEqual(expected);
      }
    },
  );

  it('tells of an object that is damaged, and of the others all the same', (context) => {
    skipWithoutBpf(context);
    const reports = examineParts({
      readObject: (object) => (object === 'drops' ? new Uint8Array(64) : readPrebuilt(object)),
    });
    expect(reports).toEqual(
      EVERYTHING.map((report) =>
        report.block === 'drops'
          ? {
              ...report,
              state: 'cannot_run',
              findings: [
                {
                  problem: expect.stringContaining('object "drops"'),
                  remedy: expect.any(String),
                  capabilities: [],
                },
              ],
            }
          : report,
      ),
    );
  });

  it('is nothing of resources where no control groups are mounted', () => {
    const machine = { ...examineMachine(), cgroups: { version: 'none' as const } };
    const parts = PARTS.filter(({ block }) => block === 'resources');
    expect(examineParts({ machine, parts })).toMatchObject([
      {
        state: 'cannot_run',
        findings: [
          {
            problem: 'no control groups are mounted where this process sees them',
            remedy: 'Mount the /sys/fs/cgroup of the host.',
          },
        ],
      },
    ]);
  });

  it('is what needs no BPF, on a machine without BTF', (context) => {
    skipWithoutBpf(context);
    const problem = 'the kernel has no type information';
    const machine = { ...examineMachine(), hasBtf: false, problems: [`${problem}. Use another.`] };
    expect(examineParts({ machine }).map(({ title, state, findings }) => [title, state, findings])).toEqual(
      PARTS.map(({ title, object, programs }) => {
        if (object === undefined) return [title, 'runs', []];
        const isDead = programs.some(({ without }) => without === undefined);
        const lost = isDead ? {} : { lost: [...new Set(programs.map(({ without }) => without))].join('; ') };
        return [
          title,
          isDead ? 'cannot_run' : 'partly',
          [{ problem, ...lost, remedy: 'Use another.', capabilities: [] }],
        ];
      }),
    );
  });
});
