import { Controller, Get, Query } from '@nestjs/common';
import { type CloudEvent, type List, historyPage, toCloudEvent } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { visibleSession } from '../show-session/visible-session.js';
import { decodeCursor, encodeCursor } from '../validation/cursor.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { readHistory } from './read-history.js';

@Controller('v1/sessions')
export class SessionHistoryController {
  constructor(@Context() private readonly context: ApiContext) {}

  /** The session's history, oldest first unless asked otherwise. */
  @Get(':id/events')
  @Allow('owner', 'auditor', 'session')
  async events(
    @IdParam() sessionId: string,
    @Query(new ZodPipe(historyPage)) query: { cursor?: string; limit: number; order: 'oldest' | 'newest' },
    @Who() principal: Principal,
  ): Promise<List<CloudEvent>> {
    const { commands, config } = this.context;
    const { head } = await visibleSession(commands, sessionId, principal);
    const edge = decodeCursor(query.cursor, (key) => /^\d{1,15}$/.test(key));
    const newestFirst = query.order === 'newest';
    const back = edge === null ? newestFirst : edge.direction === 'prev';
    const found = await readHistory(commands.database, {
      sessionId,
      headVersion: head.version,
      version: edge === null ? (newestFirst ? head.version + 1 : 0) : Number(edge.key),
      direction: back ? 'before' : 'after',
      limit: query.limit + 1,
    });
    const hasMore = found.length > query.limit;
    const entries = hasMore ? (back ? found.slice(1) : found.slice(0, -1)) : found;
    const [first, last] = [entries.at(0)?.version, entries.at(-1)?.version];
    const hasLater = back ? edge !== null : hasMore;
    const hasEarlier = back ? hasMore : edge !== null;
    const later = hasLater && last ? encodeCursor({ direction: 'next', key: String(last) }) : null;
    const earlier = hasEarlier && first ? encodeCursor({ direction: 'prev', key: String(first) }) : null;
    const items = entries.map((entry) => toCloudEvent(entry, config.issuer));
    return newestFirst
      ? { items: items.reverse(), nextCursor: earlier, prevCursor: later }
      : { items, nextCursor: later, prevCursor: earlier };
  }
}
