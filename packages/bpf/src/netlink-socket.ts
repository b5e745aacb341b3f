/**
 * A netlink socket that asks the kernel for its tables. Node has no such sockets; a descriptor of one, once made, is
 * read and written like a file.
 *
 * It belongs to the network namespace in which it was made, for as long as it is open, and keeps that namespace alive.
 */
import { closeSync, read, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { PipelineError } from '@tributary/core';
import { ERRNO, errnoText } from './errno.ts';
import { native } from './native.ts';

/** include/linux/socket.h and include/uapi/asm-generic/socket.h; the same on x86-64 and arm64. */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
const MSG_DONTWAIT = 0x40;

/** include/uapi/linux/netlink.h. */
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;

/** include/uapi/linux/sock_diag.h: the words of SO_MEMINFO, and which of them counts what was dropped. */
const MEMINFO_WORDS = 9;
const MEMINFO_DROPS = 8;

/** `struct sockaddr_nl`, and where it has the port. With AF_NETLINK alone it stands for whatever the kernel chooses. */
const ADDRESS_BYTES = 12;
const ADDRESS_PORT = 4;
const KERNEL_PORT = 0;
const ANY_ADDRESS = new Uint8Array(ADDRESS_BYTES);
new DataView(ANY_ADDRESS.buffer).setUint16(0, AF_NETLINK, true);

const readFile = promisify(read);
const writeFile = promisify(write);

/** What a netlink socket is made for. */
export interface NetlinkSocketOptions {
  /** The protocol, such as 4 for NETLINK_SOCK_DIAG. */
  readonly protocol: number;
  /** What it is for, with which the texts of errors begin; `sock_diag`, if not given. */
  readonly name?: string;
  /** Groups whose messages it receives without asking. */
  readonly groups?: readonly number[];
  /** The kernel memory in which messages wait to be read, in bytes; the system's limit holds without CAP_NET_ADMIN. */
  readonly receiveBufferBytes?: number;
}

/** See the head of this file. */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #memoryInfo = new Uint32Array(MEMINFO_WORDS);
  readonly #memoryInfoBytes = new Uint8Array(this.#memoryInfo.buffer);
  readonly #memoryInfoLength = new Uint8Array(Uint32Array.of(this.#memoryInfo.byteLength).buffer);
  readonly #sender = new DataView(new ArrayBuffer(ADDRESS_BYTES));
  readonly #senderBytes = new Uint8Array(this.#sender.buffer);
  readonly #senderLength = new Uint8Array(Uint32Array.of(ADDRESS_BYTES).buffer);
  #drops = 0;
  #isClosed = false;

  /** Opens it in the network namespace of the calling thread. Throws a `PipelineError` (`SOCK_DIAG_UNAVAILABLE`). */
  constructor({ protocol, name = 'sock_diag', groups = [], receiveBufferBytes }: NetlinkSocketOptions) {
    const { libc, errno } = native();
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (this.#fd < 0) throw failed(name, 'made', errno());
    try {
      if (receiveBufferBytes !== undefined) this.#setReceiveBuffer(receiveBufferBytes);
      if (libc.bind(this.#fd, ANY_ADDRESS, ANY_ADDRESS.length) !== 0) throw failed(name, 'bound', errno());
      for (const group of groups) {
        if (this.#setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group) !== 0) {
          throw failed(name, `joined to group ${group}`, errno());
        }
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Sends a request, in the thread pool: the kernel begins its answer in the same call, which for a large table takes a
   * while.
   */
  async send(request: Uint8Array): Promise<void> {
    await writeFile(this.#fd, request, 0, request.length, null);
  }

  /** Sends a request that is answered in no time; the answer can be read at once. False if the kernel does not take it. */
  sendNow(request: Uint8Array): boolean {
    try {
      return writeSync(this.#fd, request) === request.length;
    } catch {
      return false;
    }
  }

  /** Reads some messages of an answer, in the thread pool; returns their length. Throws where there is none. */
  async receive(into: Uint8Array): Promise<number> {
    return (await readFile(this.#fd, into, 0, into.length, null)).bytesRead;
  }

  /**
   * Reads what waits and comes back at once: the length, or undefined if nothing waits. 0 stands for a message that is not
   * the kernel's: whoever may administer the network namespace, a container for instance, can send some to a group.
   */
  receiveNow(into: Uint8Array): number | undefined {
    const { libc, errno } = native();
    for (;;) {
      const length = libc.recvFrom(
        this.#fd,
        into,
        into.length,
        MSG_DONTWAIT,
        this.#senderBytes,
        this.#senderLength,
      );
      if (length >= 0) return this.#sender.getUint32(ADDRESS_PORT, true) === KERNEL_PORT ? length : 0;
      // Told once after messages were dropped, which `drops` counts; what waits is still there.
      if (errno() === ERRNO.ENOBUFS) continue;
      return undefined;
    }
  }

  /** How many messages the kernel dropped because they were not read in time. */
  drops(): number {
    if (this.#isClosed) return this.#drops;
    const { libc } = native();
    if (
      libc.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, this.#memoryInfoBytes, this.#memoryInfoLength) === 0
    ) {
      this.#drops = this.#memoryInfo[MEMINFO_DROPS] as number;
    }
    return this.#drops;
  }

  /** Closes it; safe to call again. */
  close(): void {
    if (this.#isClosed) return;
    this.drops();
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  #setReceiveBuffer(bytes: number): void {
    // The kernel doubles what it is told, for its own bookkeeping.
    if (this.#setOption(SOL_SOCKET, SO_RCVBUFFORCE, bytes / 2) === 0) return;
    this.#setOption(SOL_SOCKET, SO_RCVBUF, bytes / 2);
  }

  #setOption(level: number, option: number, value: number): number {
    const bytes = new Uint8Array(Uint32Array.of(value).buffer);
    return native().libc.setsockopt(this.#fd, level, option, bytes, bytes.length);
  }
}

function failed(name: string, what: string, errno: number): PipelineError {
  return new PipelineError(
    'SOCK_DIAG_UNAVAILABLE',
    `${name}: a netlink socket cannot be ${what} (${errnoText(errno)}). ` +
      'Allow AF_NETLINK where a seccomp profile or systemd (RestrictAddressFamilies) forbids it.',
  );
}
