import canonicalizeModule from 'canonicalize';

// The package is CommonJS with a declaration of an ES default export: at run time the import is the function itself.
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined;

/** RFC 8785 text of a JSON value: the same value always gives the same bytes. Throws a TypeError when it is no JSON value. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
}
