/** Reads batches up to the end of the log; while one is worked on, the store reads the next. The last may be empty. */
export async function* readAhead<E extends { position: number }>(
  read: (after: number, limit: number) => Promise<E[]>,
  after: number,
  size: number,
): AsyncGenerator<E[]> {
  let next = read(after, size);
  for (;;) {
    const batch = await next;
    const last = batch.at(-1);
    if (!last || batch.length < size) return yield batch;
    next = read(last.position, size);
    // Its failure is told when its turn comes; who stops before that never hears of it.
    next.catch(() => undefined);
    yield batch;
  }
}
