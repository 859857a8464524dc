/** What one look found. */
export interface Finding {
  /** Stable name, e.g. `token-file`. */
  check: string;
  status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** One sentence: what is so. */
  summary: string;
  /** What to do about it. */
  remedy?: string;
  /** A repair that can do no harm. */
  fix?: { what: string; run: () => Promise<void> };
}

export function ok(check: string, summary: string): Finding {
  return { check, status: 'ok', summary };
}

export function skipped(check: string, summary: string): Finding {
  return { check, status: 'skipped', summary };
}

export function warning(check: string, summary: string, remedy: string): Finding {
  return { check, status: 'warning', summary, remedy };
}

export function failed(check: string, summary: string, remedy: string, fix?: Finding['fix']): Finding {
  return { check, status: 'failed', summary, remedy, ...(fix && { fix }) };
}
