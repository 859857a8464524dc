import { Param } from '@nestjs/common';
import { uuid } from '#libs/contracts';
import { ZodPipe } from './zod.pipe.js';

/** The id in the path. */
export const IdParam = (name = 'id'): ParameterDecorator => Param(name, new ZodPipe(uuid));
