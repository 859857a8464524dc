import { z } from 'zod';

export const uuid = z.uuid();
/** RFC 3339 UTC with `Z`. */
export const timestamp = z.iso.datetime();
export const labels = z
  .record(z.string().min(1).max(63), z.string().max(255))
  .refine((value) => Object.keys(value).length <= 32, 'at most 32 labels');
export const reason = z.string().min(1).max(500);

/** Query of a list: an opaque cursor and a page size. */
export const page = z.strictObject({
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

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
