import { Controller, Get, Query, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { sessionViewOf } from '#libs/commands';
import {
  type CloudEvent,
  LedgerError,
  type List,
  page,
  sessionQuery,
  type SessionQuery,
  sessionStream,
  type SessionView,
  toCloudEvent,
} from '#libs/contracts';
import { readStreamWithPositions, type SessionSnapshot } from '#libs/ledger';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import { type Principal, seesAgent } from '../auth/principal.js';
import { decodeCursor, encodeCursor } from '../validation/cursor.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { sessionAt, waitForVersion } from './session-at.js';

@Controller('v1')
export class ShowSessionController {
  constructor(@Context() private readonly context: ApiContext) {}

  /** Whoami: the session of the token that asks. */
  @Get('session')
  @Allow('session')
  own(@Who() principal: Principal): SessionView {
    if (principal.kind !== 'session') throw new LedgerError('FORBIDDEN');
    const { head, now } = principal.authenticated.snapshot;
    return sessionViewOf(head, Math.floor(now / 1000));
  }

  @Get('sessions/:id')
  @Allow('owner', 'auditor', 'session')
  async show(
    @IdParam() sessionId: string,
    @Query(new ZodPipe(sessionQuery)) { at, minVersion = 0 }: SessionQuery,
    @Who() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    const { snapshot, stale } = await waitForVersion(() => this.visible(sessionId, principal), minVersion);
    if (at !== undefined) return sessionAt(this.context.commands, sessionId, at);
    if (stale) void reply.header('ledger-stale', 'true');
    return sessionViewOf(snapshot.head, Math.floor(snapshot.now / 1000));
  }

  /** The session's history, oldest first. */
  @Get('sessions/:id/events')
  @Allow('owner', 'auditor', 'session')
  async events(
    @IdParam() sessionId: string,
    @Query(new ZodPipe(page)) query: { cursor?: string; limit: number },
    @Who() principal: Principal,
  ): Promise<List<CloudEvent>> {
    await this.visible(sessionId, principal);
    const edge = decodeCursor(query.cursor, (key) => /^\d{1,15}$/.test(key));
    const back = edge?.direction === 'prev';
    const found = await readStreamWithPositions(this.context.commands.database, sessionStream(sessionId), {
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
      items: entries.map((entry) => toCloudEvent(entry, this.context.config.issuer)),
      nextCursor: hasNext && last ? encodeCursor({ direction: 'next', key: String(last) }) : null,
      prevCursor: hasPrev && first ? encodeCursor({ direction: 'prev', key: String(first) }) : null,
    };
  }

  /** A session token sees its own session only; what may not be seen is not there. */
  private async visible(sessionId: string, principal: Principal): Promise<SessionSnapshot> {
    const foreign = principal.kind === 'session' && principal.authenticated.snapshot.head.sessionId !== sessionId;
    const snapshot = foreign ? null : await this.context.commands.heads.session(sessionId);
    if (!snapshot || !seesAgent(principal, snapshot.head.agentId)) {
      throw new LedgerError('NOT_FOUND', { detail: `There is no session ${sessionId}.` });
    }
    return snapshot;
  }
}
