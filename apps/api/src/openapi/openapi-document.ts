import { AREAS, ERRORS, errorsOf, ROUTES, type ErrorCode, type Route } from '#libs/contracts';
import {
  answerOf,
  mergedResponses,
  oauthProblemSchema,
  problemExamples,
  problemResponses,
  problemSchema,
} from './responses.js';
import { Schemas, type JsonSchema } from './schemas.js';
import { SECURITY_SCHEMES, securityOf } from './security.js';

export interface OpenApiOptions {
  /** Where the api is reached from outside. */
  serverUrl: string;
  version: string;
}

export type OpenApiDocument = JsonSchema & { paths: Record<string, Record<string, JsonSchema>> };

/** OpenAPI 3.1 of the whole surface, made from the route table, the zod schemas and the error table. */
export function openApiDocument({ serverUrl, version }: OpenApiOptions): OpenApiDocument {
  const schemas = new Schemas();
  const paths: OpenApiDocument['paths'] = {};
  for (const route of ROUTES) {
    (paths[openApiPath(route.path)] ??= {})[route.method.toLowerCase()] = operationOf(route, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Session Ledger',
      version,
      description:
        'Issues short-lived, renewable, revocable session tokens to agents; every change is an event of the ledger.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: serverUrl }],
    tags: AREAS.map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...schemas.components, Problem: problemSchema, OAuthProblem: oauthProblemSchema },
      examples: problemExamples(ROUTES),
      securitySchemes: SECURITY_SCHEMES,
    },
    'x-errors': errorTable(),
  };
}

/** `/v1/sessions/:id` → `/v1/sessions/{id}`. */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function operationOf(route: Route, schemas: Schemas): JsonSchema {
  return {
    operationId: operationIdOf(route),
    tags: [route.area],
    summary: route.summary,
    security: securityOf(route.credentials),
    'x-credentials': route.credentials,
    parameters: parametersOf(route, schemas),
    ...(route.body && { requestBody: requestBodyOf(route, schemas) }),
    responses: mergedResponses(
      Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer, schemas)])),
      problemResponses(errorsOf(route), { oauth: route.oauth === true }),
    ),
  };
}

function operationIdOf({ method, path }: Route): string {
  const words = path.split(/[/._-]+/).filter((word) => word !== '' && word !== 'v1');
  return [method.toLowerCase(), ...words.map((word) => word.replace(':', 'by-'))].join('-');
}

function requestBodyOf(route: Route, schemas: Schemas): JsonSchema {
  const media = route.form ? 'application/x-www-form-urlencoded' : 'application/json';
  const example = route.example?.body;
  return {
    required: route.bodyOptional !== true,
    content: {
      [media]: { schema: route.body && schemas.input(route.body), ...(example !== undefined && { example }) },
    },
  };
}

function parametersOf(route: Route, schemas: Schemas): JsonSchema[] {
  return [
    ...inPlace('path', route.params, route.example?.params, schemas),
    ...inPlace('query', route.query, route.example?.query, schemas),
    ...(route.idempotent
      ? [
          {
            name: 'Idempotency-Key',
            in: 'header',
            required: false,
            description: 'Makes a repeated call answer as the first one did; unique per credential and route.',
            schema: { type: 'string', minLength: 1, maxLength: 255 },
          },
        ]
      : []),
  ];
}

function inPlace(
  place: 'path' | 'query',
  schema: Route['params'],
  examples: Record<string, string> | undefined,
  schemas: Schemas,
): JsonSchema[] {
  if (!schema) return [];
  return Object.entries(schema.shape).map(([name, type]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: schemas.input(type as Parameters<Schemas['input']>[0]),
    ...(examples?.[name] !== undefined && { example: examples[name] }),
  }));
}

function errorTable(): JsonSchema[] {
  return (Object.keys(ERRORS) as ErrorCode[]).map((code) => ({ code, ...ERRORS[code] }));
}
