/**
 * Sockets that are read into one buffer, which all of them share. Node otherwise makes a buffer of 64 KiB for every
 * read, and another with a copy where less came; so it takes a third less time to receive a message of 700 KB, and
 * reads are four times as large (bench/micro/socket-reads.ts). What is read must be copied, or done with, before the
 * next read.
 *
 * `net.connect` has an option for it. For connections that a server takes Node has none: the connection is taken out of
 * the socket that the server made and put into one that reads so. Where that cannot be done, in another Node or under
 * TLS, the socket stays as it is: for its reader there is no difference.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

const READ_BYTES = 256 * 1024;

/** Made by the first socket. */
let buffer: Buffer | undefined;

/** What a socket has to know of its connection; Node's own, and in no documentation. */
interface Handle {
  reading?: boolean;
}

/** Whether bytes are in that buffer: then the next read overwrites them. */
export function isSharedRead(bytes: Buffer): boolean {
  return bytes.buffer === buffer?.buffer;
}

/**
 * The option `onread` of a socket that gives what it reads as `data`, as others do; `socketOf` is asked when something
 * came.
 */
export function sharedReads(socketOf: () => Socket): OnReadOpts {
  buffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const bytes = buffer;
  return {
    buffer: bytes,
    callback: (length) => {
      const socket = socketOf();
      socket.emit('data', bytes.subarray(0, length));
      return !socket.isPaused();
    },
  };
}

/**
 * A socket with the connection of `accepted`, which was paused when it was made and is of no more use; `accepted`
 * itself where the connection cannot be taken out.
 */
export function withSharedReads(accepted: Socket): Socket {
  const owner = accepted as unknown as { _handle?: Handle | null };
  const handle = owner._handle;
  if (handle === undefined || handle === null || handle.reading !== false) return accepted;
  const { allowHalfOpen } = accepted;
  const options: unknown = { handle, allowHalfOpen, onread: sharedReads(() => socket) };
  const socket: Socket = new Socket(options as SocketConstructorOpts);
  if ((socket as unknown as { _handle?: unknown })._handle !== handle) return accepted;
  owner._handle = null;
  accepted.destroy();
  return socket;
}
