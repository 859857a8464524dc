import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

/** A request after the guard. */
export type ApiRequest = FastifyRequest & { principal?: Principal };
