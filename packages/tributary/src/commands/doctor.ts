import { globSync } from 'node:fs';
import path from 'node:path';
import {
  examineMachine,
  type Machine,
  PREBUILT_DIR,
  type ProgramProbe,
  probeObject,
  readPrebuilt,
} from '@tributary/bpf';
import { writeOut } from '../output.ts';
import { VERSION } from '../version.ts';

/** What the kernel says to each program of one object, or why the object as a whole could not be tried. */
interface ObjectReport {
  readonly object: string;
  readonly programs: readonly ProgramProbe[];
  readonly problem?: string;
}

/** The names of all objects that come with the program. */
function objectNames(): string[] {
  const names = globSync('*/*.bpf.o', { cwd: PREBUILT_DIR }).map((file) => path.basename(file, '.bpf.o'));
  return [...new Set(names)].toSorted();
}

function probe(name: string): ObjectReport {
  try {
    return { object: name, programs: probeObject(readPrebuilt(name), name) };
  } catch (error) {
    return { object: name, programs: [], problem: error instanceof Error ? error.message : String(error) };
  }
}

function line(isGood: boolean, subject: string, finding: string): string {
  return `  ${isGood ? 'ok  ' : 'FAIL'}  ${subject.padEnd(14)}${finding}\n`;
}

function capabilityLine({ capabilities, mayLoadPrograms }: Machine): string {
  const held = Object.entries(capabilities)
    .filter(([, isHeld]) => isHeld)
    .map(([name]) => name);
  return line(
    mayLoadPrograms,
    'capabilities',
    held.length === 0 ? 'none that BPF asks for' : held.join(', '),
  );
}

function machineLines(machine: Machine): string {
  const { cgroups, libbpf } = machine;
  const isLibbpfThere = 'version' in libbpf;
  const v2 = cgroups.v2Path === undefined ? 'version 2 is not mounted' : `version 2 at ${cgroups.v2Path}`;
  return [
    line(machine.isKernelNewEnough, 'kernel', `Linux ${machine.kernelRelease} (${machine.arch})`),
    line(machine.hasBtf, 'BTF', machine.hasBtf ? 'the kernel carries its type information' : 'missing'),
    line(isLibbpfThere, 'libbpf', isLibbpfThere ? libbpf.version : libbpf.problem),
    capabilityLine(machine),
    line(machine.lockdown !== 'confidentiality', 'lockdown', machine.lockdown),
    line(cgroups.v2Path !== undefined, 'cgroups', v2),
  ].join('');
}

function objectLines({ object, programs, problem }: ObjectReport): string {
  const head = `\nBPF programs of ${object}\n`;
  if (problem !== undefined) return `${head}${line(false, object, problem)}`;
  const lines = programs.map(({ program, section, loads, problem: reason }) =>
    line(loads, '', `${program} (${section})${loads ? '' : `\n        ${reason ?? 'refused'}`}`),
  );
  return `${head}${lines.join('')}`;
}

function verdict(machine: Machine, objects: readonly ObjectReport[]): { text: string; exitCode: number } {
  if (machine.problems.length > 0) {
    const remedies = machine.problems.map((problem) => `  - ${problem}\n`).join('');
    const rest = machine.platform === 'linux' ? '' : ' Everything but the kernel receivers works here.';
    return { text: `The kernel receivers cannot run here:${rest}\n${remedies}`, exitCode: 1 };
  }
  const refused = objects.filter(
    ({ problem, programs }) => problem !== undefined || programs.some((each) => !each.loads),
  );
  if (refused.length === 0) return { text: 'The kernel receivers can run here.\n', exitCode: 0 };
  const names = refused.map(({ object }) => object).join(', ');
  return {
    text: `The kernel receivers run here, but not all of: ${names}. What is refused is missing, the rest works.\n`,
    exitCode: 0,
  };
}

/**
 * Tells what this machine allows. Returns the exit code: 0 if the kernel receivers can run, else 1.
 */
export function doctor(asJson: boolean): number {
  const machine = examineMachine();
  const objects = machine.problems.length === 0 ? objectNames().map(probe) : [];
  const { text, exitCode } = verdict(machine, objects);
  if (asJson) writeOut(`${JSON.stringify({ version: VERSION, machine, objects }, null, 2)}\n`);
  else
    writeOut(
      `tributary ${VERSION} on this machine\n\n${machineLines(machine)}${objects.map(objectLines).join('')}\n${text}`,
    );
  return exitCode;
}
