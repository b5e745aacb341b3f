/** Addresses in their sixteen bytes: as text, and which kind they are. */

/** As many IPv4 addresses as a busy node talks to in an interval; a full cache begins anew. */
const MAX_CACHED = 8192;

const ipv4Texts = new Map<number, string>();

/** True for an IPv4 address, which stands as `::ffff:a.b.c.d`. */
export function isIpv4(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset + 8) === 0xffff && view.getUint32(offset) === 0 && view.getUint32(offset + 4) === 0
  );
}

/** The text of an address: dotted for IPv4, else as RFC 5952 has it. */
export function addressText(view: DataView, offset: number): string {
  return isIpv4(view, offset) ? ipv4Text(view.getInt32(offset + 12)) : ipv6Text(view, offset);
}

/** `address` is signed: other than with 0 to 2^32 no number that is a key needs an object of its own. */
function ipv4Text(address: number): string {
  const known = ipv4Texts.get(address);
  if (known !== undefined) return known;
  const text = `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  if (ipv4Texts.size >= MAX_CACHED) ipv4Texts.clear();
  ipv4Texts.set(address, text);
  return text;
}

/**
 * RFC 5952: groups in lower case without leading zeros; the longest run of two or more zero groups, the first of equals,
 * is `::`.
 */
function ipv6Text(view: DataView, offset: number): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; ) {
    let end = start;
    while (end < 8 && view.getUint16(offset + end * 2) === 0) end += 1;
    if (end - start > bestLength) {
      bestStart = start;
      bestLength = end - start;
    }
    start = end + 1;
  }
  let text = '';
  for (let group = 0; group < 8; group += 1) {
    if (group === bestStart) {
      text += '::';
      group += bestLength - 1;
    } else {
      if (text !== '' && !text.endsWith(':')) text += ':';
      text += view.getUint16(offset + group * 2).toString(16);
    }
  }
  return text;
}
