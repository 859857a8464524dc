import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import {
  acknowledge,
  assignHolder,
  type Caller,
  handOverToken,
  listHolders,
  registerHolder,
  removeHolder,
} from '#libs/commands';
import {
  assignHolderBody,
  type AssignHolderBody,
  type HandOverView,
  holdersQuery,
  type HoldersQuery,
  type HolderView,
  LedgerError,
  type List,
  type ReceiptAnswer,
  receiptBody,
  type ReceiptBody,
  registerHolderBody,
  type RegisterHolderBody,
  uuid,
} from '#libs/contracts';
import { CheckpointStore, type HolderHead } from '#libs/ledger';
import { toRfc3339 } from '#libs/session';
import { sealToken } from '#libs/tokens';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy, Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { pageOf } from '../paging/pages.js';
import { decodeCursor } from '../validation/cursor.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';

@Controller('v1/holders')
export class HoldersController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Post()
  @Allow('owner')
  async register(
    @Body(new ZodPipe(registerHolderBody)) body: RegisterHolderBody,
    @CalledBy() caller: Caller,
  ): Promise<HolderView> {
    return registeredView(await registerHolder(this.context.commands, body, caller));
  }

  @Get()
  @Allow('owner', 'auditor')
  async list(
    @Query(new ZodPipe(holdersQuery)) query: HoldersQuery,
    @Who() { agents }: Principal,
  ): Promise<List<HolderView>> {
    const edge = decodeCursor(query.cursor, (key) => uuid.safeParse(key).success);
    const more = { ...query, limit: query.limit + 1 };
    const found = await listHolders(this.context.commands.database, more, { edge, agents });
    return pageOf(found, { limit: query.limit, edge, keyOf: ({ id }) => id });
  }

  @Patch(':id')
  @Allow('owner')
  async assign(
    @IdParam() holderId: string,
    @Body(new ZodPipe(assignHolderBody)) { sessionId }: AssignHolderBody,
    @CalledBy() caller: Caller,
  ): Promise<HolderView> {
    return registeredView(await assignHolder(this.context.commands, { holderId, sessionId }, caller));
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow('owner')
  remove(@IdParam() holderId: string, @CalledBy() caller: Caller): Promise<void> {
    return removeHolder(this.context.commands, holderId, caller);
  }

  @Post('token')
  @HttpCode(200)
  @Allow('holder')
  async handOver(@Who() principal: Principal, @CalledBy() caller: Caller): Promise<HandOverView> {
    const holder = holderOf(principal);
    const view = await handOverToken(this.context.commands, holder, caller);
    const { desktops } = this.context;
    if (desktops === null) return view;
    const access = JSON.stringify(desktops.for(holder.holderId, holder.agentId));
    return { ...view, sealedNats: await sealToken(access, holder.sealingKey) };
  }

  @Post('receipts')
  @HttpCode(200)
  @Allow('holder')
  async acknowledge(
    @Body(new ZodPipe(receiptBody)) body: ReceiptBody,
    @Who() principal: Principal,
  ): Promise<ReceiptAnswer> {
    const { database } = this.context.commands;
    await acknowledge(database, holderOf(principal), body);
    const checkpoint = await new CheckpointStore(database).latest();
    return { checkpoint: checkpoint?.note ?? null };
  }
}

/** A holder that has not run its session's token yet. */
function registeredView({ holderId, agentId, sessionId, name, createdAt }: HolderHead): HolderView {
  return {
    id: holderId,
    agentId,
    sessionId,
    name,
    generation: null,
    acknowledgedAt: null,
    ended: false,
    lastSeenAt: null,
    createdAt: toRfc3339(createdAt),
  };
}

function holderOf(principal: Principal) {
  if (principal.kind !== 'holder') throw new LedgerError('FORBIDDEN');
  return principal.holder;
}
