import { MalformedError } from '../wire/field-reader.ts';

/** Nothing in a version is longer; it is sent back in a URL. */
const MAX_LENGTH = 64;

/** Up to which version of a resource all is known. */
export class SeenVersion {
  /** The version; empty: a list is needed. */
  text = '';

  /** A server that lies about order cannot take a watch back to what it had seen already. Throws a MalformedError. */
  advance(version: string): void {
    if (version.length > MAX_LENGTH) throw new MalformedError('a version is too long');
    if (version !== '' && !isOlder(version, this.text)) this.text = version;
  }

  /** A list has come, which may begin anew with lower ones. Throws a MalformedError. */
  begin(version: string): void {
    if (version === '') throw new MalformedError('the list has no version');
    this.text = '';
    this.advance(version);
  }

  /** What was seen last is no place to go on from. */
  forget(): void {
    this.text = '';
  }
}

/** Versions are decimal numbers that grow (KEP-5504); what is no number has no order. */
function isOlder(version: string, than: string): boolean {
  if (!isNumber(version) || !isNumber(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

/** Not by a RegExp: it is asked twice for each change. */
function isNumber(version: string): boolean {
  for (let index = 0; index < version.length; index++) {
    const digit = version.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return false;
  }
  return version !== '';
}
