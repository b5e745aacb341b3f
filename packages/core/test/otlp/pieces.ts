/** Cuts bytes into pieces of a size, which is itself cut short now and then. */
export function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + (pieces.length % 3 === 2 ? Math.ceil(size / 2) : size);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}
