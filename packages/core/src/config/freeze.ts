/**
 * Freezes a configuration with all that it holds, in place, and returns it. Maps and sets become read-only too.
 * Binary data and class instances other than those are left as they are.
 */
export function deepFreeze<T>(value: T): T {
  freeze(value);
  return value;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  if (value instanceof Map || value instanceof Set) {
    for (const method of ['set', 'add', 'delete', 'clear']) {
      if (method in value) Object.defineProperty(value, method, { value: refuseChange });
    }
    Object.freeze(value);
    for (const item of value.values()) freeze(item);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return;
  Object.freeze(value);
  for (const item of Object.values(value)) freeze(item);
}

function refuseChange(): never {
  throw new TypeError('a configuration cannot be changed');
}
