// Loaded into the program (node --import): every thread of it then runs as on a system without SO_REUSEPORT.
import { Server } from 'node:net';

const { listen } = Server.prototype;
Server.prototype.listen = function (options, ...rest) {
  if (options?.reusePort !== true) return listen.call(this, options, ...rest);
  const error = Object.assign(new Error('listen ENOTSUP: operation not supported on socket'), {
    code: 'ENOTSUP',
  });
  queueMicrotask(() => this.emit('error', error));
  return this;
};
