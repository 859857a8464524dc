import { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  auditExportQuery,
  type AuditExportQuery,
  auditQuery,
  type AuditQuery,
  type CloudEvent,
  LedgerError,
  type List,
} from '#libs/contracts';
import { type AuditScope, exportAudit, queryAudit } from '#libs/read-models';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { Who } from '../auth/caller.decorator.js';
import type { Principal } from '../auth/principal.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { EXPORT_FORMATS, type ExportFormat } from './export-format.js';

@Controller('v1/audit')
export class AuditController {
  constructor(@Context() private readonly context: ApiContext) {}

  /** Events by agent, session, type, actor, time and words of the reason, newest first. */
  @Get()
  @Allow('owner', 'auditor')
  async query(
    @Query(new ZodPipe(auditQuery)) query: AuditQuery,
    @Who() principal: Principal,
  ): Promise<List<CloudEvent>> {
    try {
      return await queryAudit(this.context.commands.database, query, this.scopeOf(principal));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const detail = 'cursor: not one of this server; begin without a cursor.';
      throw new LedgerError('BAD_REQUEST', { detail }, { cause: error });
    }
  }

  /** The same search in one stream, oldest first. */
  @Get('export')
  @Allow('owner', 'auditor')
  export(
    @Query(new ZodPipe(auditExportQuery)) { format, ...filter }: AuditExportQuery,
    @Who() principal: Principal,
    @Res() reply: FastifyReply,
  ): void {
    const { contentType, ...lines } = EXPORT_FORMATS[format];
    const batches = exportAudit(this.context.commands.database, filter, this.scopeOf(principal));
    void reply
      .type(contentType)
      .header('content-disposition', `attachment; filename="audit.${format}"`)
      .send(Readable.from(written(batches, lines), { objectMode: false, highWaterMark: 65_536 }));
  }

  private scopeOf({ agents }: Principal): AuditScope {
    return { source: this.context.config.issuer, agents };
  }
}

async function* written(
  batches: AsyncIterable<CloudEvent[]>,
  { header, line }: Omit<ExportFormat, 'contentType'>,
): AsyncGenerator<string> {
  if (header !== '') yield header;
  for await (const batch of batches) yield batch.map(line).join('');
}
