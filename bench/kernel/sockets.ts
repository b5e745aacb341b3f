/**
 * Blocking sockets, straight from libc: Node's own cost so much each that what is measured would hardly show.
 */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const calls = {
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint32_t length)'),
  listen: libc.func('int listen(int fd, int backlog)'),
  accept: libc.func('int accept(int fd, void *address, void *length)'),
  connect: libc.func('int connect(int fd, const void *address, uint32_t length)'),
  read: libc.func('int64_t read(int fd, _Out_ void *bytes, size_t length)'),
  write: libc.func('int64_t write(int fd, const void *bytes, size_t length)'),
  close: libc.func('int close(int fd)'),
  getsockname: libc.func('int getsockname(int fd, _Out_ void *address, _Inout_ uint32_t *length)'),
};

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;

/** A `struct sockaddr_in`. */
export function socketAddress(address: readonly [number, number, number, number], port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address, 4);
  return bytes;
}

export function listen(address: Buffer): number {
  const fd = check('socket', calls.socket(AF_INET, SOCK_STREAM, 0));
  check('bind', calls.bind(fd, address, address.length));
  check('listen', calls.listen(fd, 1024));
  return fd;
}

/** A datagram socket that is bound to a free port of an address, and where it is. */
export function bindDatagrams(address: Buffer): { readonly fd: number; readonly address: Buffer } {
  const fd = check('socket', calls.socket(AF_INET, SOCK_DGRAM, 0));
  check('bind', calls.bind(fd, address, address.length));
  const bound = Buffer.alloc(address.length);
  check('getsockname', calls.getsockname(fd, bound, [bound.length]));
  return { fd, address: bound };
}

/** Says where a datagram socket sends. */
export function connectDatagrams(fd: number, address: Buffer): void {
  check('connect', calls.connect(fd, address, address.length));
}

export function accept(listener: number): number {
  return check('accept', calls.accept(listener, null, null));
}

export function connect(address: Buffer): number {
  const fd = check('socket', calls.socket(AF_INET, SOCK_STREAM, 0));
  check('connect', calls.connect(fd, address, address.length));
  return fd;
}

/** Reads at most `into.length` bytes; 0 at the end. */
export function read(fd: number, into: Buffer): number {
  return check('read', Number(calls.read(fd, into, into.length)));
}

export function write(fd: number, bytes: Buffer): void {
  check('write', Number(calls.write(fd, bytes, bytes.length)));
}

export function close(fd: number): void {
  check('close', calls.close(fd));
}

function check(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: errno ${koffi.errno()}`);
  return result;
}
