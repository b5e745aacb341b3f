import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import path from 'node:path';

let made = 0;

/** Control groups of a test, under a name that no other test has. */
export interface CgroupLab {
  /** The path of a cgroup from the root, below the lab's own. */
  path(relative: string): string;
  /** Makes it, with those above; returns its directory. */
  make(relative: string): string;
  /** Its id. */
  id(relative: string): number;
  remove(relative: string): void;
}

/** Makes cgroups in the hierarchy that is mounted at `root`; removes them afterwards, the last made first. */
export async function withCgroups(root: string, work: (lab: CgroupLab) => Promise<void>): Promise<void> {
  made += 1;
  const name = `trib-${process.pid}-${made}`;
  const directories: string[] = [];
  const directoryOf = (relative: string): string => path.join(root, name, relative);
  const make = (directory: string): void => {
    if (directories.includes(directory)) return;
    if (directory !== path.join(root, name)) make(path.dirname(directory));
    mkdirSync(directory);
    directories.push(directory);
  };
  const remove = (directory: string): void => {
    rmdirSync(directory);
    directories.splice(directories.indexOf(directory), 1);
  };
  try {
    make(directoryOf(''));
    await work({
      path: (relative) => path.join('/', name, relative),
      make: (relative) => {
        make(directoryOf(relative));
        return directoryOf(relative);
      },
      id: (relative) => statSync(directoryOf(relative)).ino,
      remove: (relative) => remove(directoryOf(relative)),
    });
  } finally {
    for (const directory of directories.toReversed()) remove(directory);
  }
}
