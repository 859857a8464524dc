import canonicalizeModule from 'canonicalize';

// The package is CommonJS with a declaration of an ES default export: at run time the import is the function itself.
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined;

/** RFC 8785 text of a JSON value: the same value always gives the same bytes. Throws a TypeError when it is no JSON value. */
export function canonicalJson(value: unknown): string {
  // What was stored canonical is read back in that order: the engine's own writer then gives the same text, many times faster.
  if (isInOrder(value)) return JSON.stringify(value);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
}

/** Whether it is plain JSON with every object's keys in the order of RFC 8785 already. */
function isInOrder(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || (Array.isArray(value) ? value.every(isInOrder) : isObjectInOrder(value));
    default:
      return false;
  }
}

function isObjectInOrder(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  let before: string | undefined;
  // Unlike Object.entries it allocates nothing; a plain object inherits no member that it would list.
  for (const key in value) {
    if (before !== undefined && before >= key) return false;
    if (key === 'toJSON' || !isInOrder((value as Record<string, unknown>)[key])) return false;
    before = key;
  }
  return true;
}
