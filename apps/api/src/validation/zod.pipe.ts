import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { LedgerError } from '#libs/contracts';

/** Parses a body, query or parameter at the door; what comes through is right. */
export class ZodPipe<T extends z.ZodType> implements PipeTransform<unknown, z.output<T>> {
  constructor(private readonly schema: T) {}

  transform(value: unknown): z.output<T> {
    const parsed = this.schema.safeParse(value ?? {});
    if (parsed.success) return parsed.data;
    throw new LedgerError('BAD_REQUEST', {
      detail: 'Some fields are wrong.',
      errors: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    });
  }
}
