import { Controller, Get, Query } from '@nestjs/common';
import { type CloudEvent, type List, page, toCloudEvent } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import { type Principal } from '../auth/principal.js';
import { visibleSession } from '../show-session/visible-session.js';
import { decodeCursor, encodeCursor } from '../validation/cursor.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { readHistory } from './read-history.js';

@Controller('v1/sessions')
export class SessionHistoryController {
  constructor(@Context() private readonly context: ApiContext) {}

  /** The session's history, oldest first. */
  @Get(':id/events')
  @Allow('owner', 'auditor', 'session')
  async events(
    @IdParam() sessionId: string,
    @Query(new ZodPipe(page)) query: { cursor?: string; limit: number },
    @Who() principal: Principal,
  ): Promise<List<CloudEvent>> {
    const { commands, config } = this.context;
    const { head } = await visibleSession(commands, sessionId, principal);
    const edge = decodeCursor(query.cursor, (key) => /^\d{1,15}$/.test(key));
    const back = edge?.direction === 'prev';
    const found = await readHistory(commands.database, {
      sessionId,
      headVersion: head.version,
      version: Number(edge?.key ?? 0),
      direction: back ? 'before' : 'after',
      limit: query.limit + 1,
    });
    const hasMore = found.length > query.limit;
    const entries = hasMore ? (back ? found.slice(1) : found.slice(0, -1)) : found;
    const [first, last] = [entries.at(0)?.version, entries.at(-1)?.version];
    const hasNext = back || hasMore;
    const hasPrev = back ? hasMore : edge !== null;
    return {
      items: entries.map((entry) => toCloudEvent(entry, config.issuer)),
      nextCursor: hasNext && last ? encodeCursor({ direction: 'next', key: String(last) }) : null,
      prevCursor: hasPrev && first ? encodeCursor({ direction: 'prev', key: String(first) }) : null,
    };
  }
}
