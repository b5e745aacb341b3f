import { readlinkSync } from 'node:fs';
import path from 'node:path';

/** Devices come and go; when there have been so many, it begins anew. */
const MAX_DEVICES = 1024;

/** The names of block devices by `major:minor`: `sda` for `8:0`, and the numbers themselves where there is no name. */
export class DeviceNames {
  readonly #names = new Map<string, string>();

  nameOf(device: string): string {
    let name = this.#names.get(device);
    if (name === undefined) {
      name = read(device);
      if (this.#names.size >= MAX_DEVICES) this.#names.clear();
      this.#names.set(device, name);
    }
    return name;
  }
}

function read(device: string): string {
  try {
    return path.basename(readlinkSync(`/sys/dev/block/${device}`));
  } catch {
    return device;
  }
}
