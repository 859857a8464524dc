/** By our own functions (LG), for its data (22) or by a constraint (23), to end a deadlock or a race (40). */
const REFUSED = /^(LG|22|23|40)/;

/** Whether PostgreSQL refused what it was asked for: nothing of it is there, and the connection is as good as before. */
export function isRefused(error: unknown): boolean {
  // By its code alone: a server tells the severity in its own language.
  return REFUSED.test((error as { code?: string }).code ?? '');
}
