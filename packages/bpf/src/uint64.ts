const TWO_32 = 2 ** 32;

/** The little-endian u64 at `offset`, as a double: exact up to 2^53, and cheaper than a bigint. */
export function uint64At(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
}
