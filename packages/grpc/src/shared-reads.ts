/** What sockets are read into, HTTP's and gRPC's alike. */
export { sharedReads, withSharedReads } from '@tributary/core';
