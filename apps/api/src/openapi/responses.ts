import {
  ERRORS,
  errorsOf,
  LedgerError,
  oauthErrorOf,
  problemOf,
  type Answer,
  type ErrorCode,
  type Route,
} from '#libs/contracts';
import type { JsonSchema, Schemas } from './schemas.js';

const PROBLEM = 'application/problem+json';

/** RFC 9457 with the ledger's members. */
export const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'retryable', 'hint', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(ERRORS) },
    retryable: { type: 'boolean', description: 'Whether the same request may succeed later.' },
    hint: { type: 'string', description: 'What to do next.' },
    requestId: { type: 'string' },
    retryAfter: { type: 'integer', description: 'Seconds.' },
    currentGeneration: { type: 'integer', description: 'With RENEWAL_CONFLICT.' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
    },
  },
};

/** The same on the routes that OAuth clients call. */
export const oauthProblemSchema: JsonSchema = {
  allOf: [{ $ref: '#/components/schemas/Problem' }],
  required: ['error'],
  properties: {
    error: { type: 'string', description: 'RFC 6749 §5.2.' },
    error_description: { type: 'string' },
  },
};

export function answerOf(answer: Answer, schemas: Schemas): JsonSchema {
  const media = answer.contentType ?? 'application/json';
  if (!answer.schema && !answer.contentType) return { description: answer.description };
  return {
    description: answer.description,
    content: { [media]: { schema: answer.schema ? schemas.output(answer.schema) : { type: 'string' } } },
  };
}

/** One response per status, with an example per error code. */
export function problemResponses(codes: readonly ErrorCode[], how: { oauth: boolean }): Record<string, JsonSchema> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, some]) => [status, problemResponse(some, how)]));
}

/** Answers and problems of one route; a status that both have says both. */
export function mergedResponses(
  answers: Record<string, JsonSchema>,
  problems: Record<string, JsonSchema>,
): Record<string, JsonSchema> {
  const merged = { ...answers };
  for (const [status, problem] of Object.entries(problems)) {
    const answer = answers[status];
    merged[status] = answer
      ? {
          description: `${String(answer['description'])}; ${String(problem['description'])}`,
          content: { ...(answer['content'] as JsonSchema), ...(problem['content'] as JsonSchema) },
        }
      : problem;
  }
  return merged;
}

/** The examples that the problem responses of these routes name, each once. */
export function problemExamples(routes: readonly Route[]): Record<string, JsonSchema> {
  const examples: Record<string, JsonSchema> = {};
  for (const route of routes) {
    const oauth = route.oauth === true;
    for (const code of errorsOf(route)) examples[exampleName(code, oauth)] ??= exampleOf(code, oauth);
  }
  return examples;
}

function problemResponse(codes: ErrorCode[], { oauth }: { oauth: boolean }): JsonSchema {
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${exampleName(code, oauth)}` }] as const);
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('; '),
    content: {
      [oauth ? 'application/json' : PROBLEM]: {
        schema: { $ref: `#/components/schemas/${oauth ? 'OAuthProblem' : 'Problem'}` },
        examples: Object.fromEntries(examples) as JsonSchema,
      },
    },
  };
}

function exampleName(code: ErrorCode, oauth: boolean): string {
  return oauth ? `${code}.oauth` : code;
}

function exampleOf(code: ErrorCode, oauth: boolean): JsonSchema {
  const problem = problemOf(new LedgerError(code), '019a9f3c-0000-7000-8000-00000000ffff');
  return { summary: ERRORS[code].title, value: oauth ? { ...problem, ...oauthErrorOf(problem) } : problem };
}
