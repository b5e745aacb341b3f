/** What the size of a field is counted with beside its text, RFC 7541 section 4.1. */
const FIELD_OVERHEAD = 32;

const COLON = 0x3a;

/** One header field. Text is one character a byte. Never changed: tables and lists share it. */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** Its size as the dynamic table and header lists count it, in bytes. */
  readonly size: number;
  /** Whether name and value are of characters that RFC 9113 section 8.2.1 lets through. */
  readonly isValid: boolean;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + FIELD_OVERHEAD;
    this.isValid = isName(name) && isValue(value);
  }
}

/** Lower case, visible, in ASCII; a colon only before the name of a pseudo-header field. */
function isName(name: string): boolean {
  for (let at = 0; at < name.length; at += 1) {
    const character = name.charCodeAt(at);
    if (character <= 0x20 || character >= 0x7f || (character >= 0x41 && character <= 0x5a)) return false;
    if (character === COLON && at > 0) return false;
  }
  return name.length > 0;
}

/** No NUL, CR or LF, and no blank at either end. */
function isValue(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const character = value.charCodeAt(at);
    if (character === 0 || character === 0x0a || character === 0x0d) return false;
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
}

function isBlank(character: number): boolean {
  return character === 0x20 || character === 0x09;
}
