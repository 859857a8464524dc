/**
 * A PostgreSQL array as a parameter of `unnest`. The driver would walk and copy every element; a batch has many
 * thousands of them.
 */
export function arrayParameter(values: readonly (string | number | null | undefined)[]): string {
  return `{${values.map(element).join(',')}}`;
}

/** PostgreSQL's text holds no NUL: what was recorded with one is indexed without it, and never stops a read model. */
const UNSAFE = /["\\\0]/;

function element(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  return UNSAFE.test(value) ? `"${value.replaceAll('\0', '').replaceAll(/["\\]/g, '\\$&')}"` : `"${value}"`;
}
