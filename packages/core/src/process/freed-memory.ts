/** More than one buffer ever takes here; glibc takes a hint only from blocks of up to 32 MiB. */
const HINT_BYTES = 16 * 1024 * 1024;

/**
 * Has the C library keep memory that was freed. glibc gives what is free at the end of its heap back to the system from
 * 128 KiB on, and buffers of requests are freed many at a time: the next ones are then zeroed by the kernel again, page
 * by page, 18 page faults for 71 KB. A block that was mapped by itself and freed raises both of glibc's limits, as
 * mallopt(3) has it for M_MMAP_THRESHOLD, which is the one way there without native code: after this one it keeps up to
 * 32 MiB. No page of it is ever touched. Other C libraries do as they do.
 */
export function keepFreedMemory(): void {
  new ArrayBuffer(HINT_BYTES).transfer(0);
}
