import { z } from 'zod';
import { queryTime, text } from './common.js';

const size = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Query of `GET /v1/audit/checkpoints`: newest first; `before` is a `signedAt` of the page before. */
export const checkpointsQuery = z.strictObject({
  before: queryTime.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});
export type CheckpointsQuery = z.infer<typeof checkpointsQuery>;

/** A signed checkpoint of the log; `root` is lower-case hex, `note` the C2SP signed note. */
export const checkpointView = z.object({ size: z.int(), root: z.string(), signedAt: z.string(), note: z.string() });
export type CheckpointView = z.infer<typeof checkpointView>;

export const checkpointList = z.object({
  items: z.array(checkpointView),
  /** Public keys of the log as C2SP verifier keys, newest first. */
  keys: z.array(z.string()),
});
export type CheckpointList = z.infer<typeof checkpointList>;

/** Query of `GET /v1/audit/proofs/inclusion`. */
export const inclusionQuery = z.strictObject({ position: size.min(1), size: size.min(1) });
export type InclusionQuery = z.infer<typeof inclusionQuery>;

/** Query of `GET /v1/audit/proofs/consistency`. */
export const consistencyQuery = z.strictObject({ from: size, to: size });
export type ConsistencyQuery = z.infer<typeof consistencyQuery>;

/** RFC 6962 proof, hashes as lower-case hex from the leaf up. */
export const inclusionProof = z.object({
  position: z.int(),
  size: z.int(),
  leaf: z.string(),
  root: z.string(),
  proof: z.array(z.string()),
});
export type InclusionProof = z.infer<typeof inclusionProof>;

export const consistencyProof = z.object({
  from: z.int(),
  fromRoot: z.string(),
  to: z.int(),
  toRoot: z.string(),
  proof: z.array(z.string()),
});
export type ConsistencyProof = z.infer<typeof consistencyProof>;

/** Query of `GET /v1/audit/state`: all heads, page after page, or a random sample of so many sessions and agents. */
export const auditStateQuery = z.strictObject({
  sample: z.coerce.number().int().min(1).max(1_000).optional(),
  cursor: text.max(512).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(200).describe('Heads compared in one page'),
});
export type AuditStateQuery = z.infer<typeof auditStateQuery>;

export const HEAD_KINDS = ['session', 'agent', 'holder', 'api_key', 'kill_switch'] as const;
export type HeadKind = (typeof HEAD_KINDS)[number];

/** Heads that are not what the log says. A page may have none and still not be the last. */
export const auditState = z.object({
  checked: z.int().describe('Heads compared in this page'),
  differing: z.array(
    z.object({
      kind: z.enum(HEAD_KINDS),
      id: z.string(),
      fields: z
        .array(z.string())
        .describe('What differs; or `unknown` to the log, `missing` though the log knows it, `unreadable` events'),
    }),
  ),
  nextCursor: z.string().nullable(),
});
export type AuditState = z.infer<typeof auditState>;

const WHOLE: Record<string, string> = {
  unknown: 'the log knows nothing of it',
  missing: 'the log knows it, but it is gone',
  unreadable: 'its events cannot be read',
};

/** A line for a head that differs. */
export function headFindingText({ kind, id, fields }: AuditState['differing'][number]): string {
  const [first = ''] = fields;
  const what = WHOLE[first] ?? `${fields.join(', ')} is not what its events say`;
  return kind === id ? `${kind.replace('_', ' ')}: ${what}` : `${kind.replace('_', ' ')} ${id}: ${what}`;
}
