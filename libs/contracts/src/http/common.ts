import { z } from 'zod';

export const uuid = z.uuid();
/** RFC 3339 UTC with `Z`. */
export const timestamp = z.iso.datetime();
/** RFC 3339 UTC with `Z`, as a query asks for it: the database knows no year 0. */
export const queryTime = timestamp.refine((time) => !time.startsWith('0000'), 'a time from year 1 on');
/** Text that can be stored and searched: no NUL, no half of a surrogate pair. */
export const text = z.string().regex(/^[^\0\p{Cs}]*$/u, 'Unicode text without NUL characters');
export const labels = z
  .record(text.min(1).max(63), text.max(255))
  .refine((value) => Object.keys(value).length <= 32, 'at most 32 labels');
export const reason = text.min(1).max(500);

/** Query of a list: an opaque cursor and a page size. */
export const page = z.strictObject({
  cursor: text.max(512).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export type Page = z.infer<typeof page>;

/** Query of a session's history. */
export const historyPage = page.extend({
  order: z.enum(['oldest', 'newest']).default('oldest').describe('Which end to begin at'),
});

/** A page of a list, newest first, by opaque keyset cursors. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable(), prevCursor: z.string().nullable() });
}

export interface List<T> {
  items: T[];
  nextCursor: string | null;
  prevCursor: string | null;
}
