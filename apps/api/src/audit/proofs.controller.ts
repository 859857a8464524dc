import { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  type AuditState,
  auditStateQuery,
  type AuditStateQuery,
  type CheckpointList,
  checkpointsQuery,
  type CheckpointsQuery,
  type ConsistencyProof,
  consistencyQuery,
  type ConsistencyQuery,
  type InclusionProof,
  inclusionQuery,
  type InclusionQuery,
  LedgerError,
} from '#libs/contracts';
import {
  CheckpointStore,
  compareHeads,
  compareSomeHeads,
  exportLog,
  FIRST_HEADS,
  lastPosition,
  LogKeys,
  LogTree,
} from '#libs/ledger';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import { type Principal, requireEveryAgent } from '../auth/principal.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { decodeHeadCursor, encodeHeadCursor } from './head-cursor.js';

/** What lets a stranger check the log: checkpoints, proofs, the whole log as a file. */
@Controller('v1/audit')
export class ProofsController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get('checkpoints')
  @Allow('owner', 'auditor')
  async checkpoints(@Query(new ZodPipe(checkpointsQuery)) query: CheckpointsQuery): Promise<CheckpointList> {
    const items = await new CheckpointStore(this.database).list(query);
    return {
      items: items.map(({ root, ...rest }) => ({ ...rest, root: root.toString('hex') })),
      keys: await new LogKeys(this.database).verifiers(),
    };
  }

  /** That the event at `position` is in the log of `size` events. */
  @Get('proofs/inclusion')
  @Allow('owner', 'auditor')
  async inclusion(@Query(new ZodPipe(inclusionQuery)) { position, size }: InclusionQuery): Promise<InclusionProof> {
    await this.refuseBeyond(Math.max(position, size), position <= size);
    const tree = new LogTree(this.database);
    const [leaf] = await tree.leaves(position - 1, 1);
    const proof = await tree.inclusion(position, size);
    return { position, size, leaf: hex(leaf), root: hex(await tree.root(size)), proof: proof.map(hex) };
  }

  /** That the log of `to` events begins with that of `from`. */
  @Get('proofs/consistency')
  @Allow('owner', 'auditor')
  async consistency(@Query(new ZodPipe(consistencyQuery)) { from, to }: ConsistencyQuery): Promise<ConsistencyProof> {
    await this.refuseBeyond(to, from <= to);
    const tree = new LogTree(this.database);
    const proof = await tree.consistency(from, to);
    return { from, fromRoot: hex(await tree.root(from)), to, toRoot: hex(await tree.root(to)), proof: proof.map(hex) };
  }

  /** The whole log by position, with its checkpoints, for `sledger audit verify`. */
  @Get('log')
  @Allow('owner', 'auditor')
  log(@Who() principal: Principal, @Res() reply: FastifyReply): void {
    requireEveryAgent(principal, 'The whole log is');
    void reply
      .type('application/x-ndjson')
      .header('content-disposition', 'attachment; filename="log.ndjson"')
      .send(Readable.from(exportLog(this.database, this.context.config.issuer), { objectMode: false }));
  }

  /** Heads that are not the fold of their stream, page after page. */
  @Get('state')
  @Allow('owner', 'auditor')
  async state(
    @Query(new ZodPipe(auditStateQuery)) { sample, cursor, limit }: AuditStateQuery,
    @Who() principal: Principal,
  ): Promise<AuditState> {
    requireEveryAgent(principal, 'The state of all heads is');
    if (sample !== undefined) return { ...(await compareSomeHeads(this.database, sample)), nextCursor: null };
    const place = cursor === undefined ? FIRST_HEADS : decodeHeadCursor(cursor);
    const { next, ...compared } = await compareHeads(this.database, place, limit);
    return { ...compared, nextCursor: next === null ? null : encodeHeadCursor(next) };
  }

  private get database() {
    return this.context.commands.database;
  }

  private async refuseBeyond(size: number, isOrdered: boolean): Promise<void> {
    const end = await lastPosition(this.database);
    if (isOrdered && size <= end) return;
    throw new LedgerError('BAD_REQUEST', {
      detail: `The log has ${end} events; ask within it, the smaller size first.`,
    });
  }
}

function hex(hash: Buffer | undefined): string {
  return hash?.toString('hex') ?? '';
}
