import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Reflector } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ERRORS, errorsOf, ROUTES, type ErrorCode } from '#libs/contracts';
import { createMetrics, loadConfig } from '#libs/platform';
import { testLogger } from '#libs/testing';
import type { ApiContext } from '../api-context.js';
import { ApiModule } from '../api.module.js';
import { ACCESS } from '../auth/allow.decorator.js';
import { createApp } from '../create-app.js';
import { DOCS_CSP, docsPage } from './docs-page.js';
import { openApiDocument, openApiPath } from './openapi-document.js';

const document = openApiDocument({ serverUrl: 'http://127.0.0.1:3100', version: 'test' });
const registered: string[] = [];
let app: NestFastifyApplication;

beforeAll(async () => {
  const logger = testLogger('test');
  // Registering routes touches nothing else of the context.
  app = await createApp({
    config: loadConfig({}),
    logger,
    metrics: createMetrics('api'),
    commands: {},
  } as unknown as ApiContext);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) if (one !== 'HEAD' && one !== 'OPTIONS') registered.push(`${one} ${url}`);
    });
  await app.init();
});

describe('the OpenAPI document', () => {
  it('names exactly the routes that the server has', () => {
    const listed = ROUTES.map(({ method, path }) => `${method} ${path}`);
    expect(listed.length).toBe(new Set(listed).size);
    expect([...new Set(registered)].sort()).toEqual([...listed].sort());
  });

  it('says of every route the credentials that the guard takes', () => {
    const reflector = new Reflector();
    const guarded = new Map<string, string[]>();
    for (const controller of ApiModule.with({} as ApiContext).controllers ?? []) {
      const base = Reflect.getMetadata('path', controller) as string;
      for (const name of Object.getOwnPropertyNames(controller.prototype as object)) {
        if (name === 'constructor') continue;
        // A getter is no handler, and must not run here.
        const handler: unknown = Object.getOwnPropertyDescriptor(controller.prototype as object, name)?.value;
        const path =
          typeof handler === 'function' ? (Reflect.getMetadata('path', handler) as string | undefined) : undefined;
        if (path === undefined) continue;
        const access = reflector.getAllAndOverride<string[]>(ACCESS, [handler as () => void, controller]);
        const method = METHODS[Reflect.getMetadata('method', handler as object) as number];
        guarded.set(`${method} ${joined(base, path)}`, access.map((one) => CREDENTIAL_OF[one] ?? one).sort());
      }
    }
    const listed = ROUTES.map(
      ({ method, path, credentials }) => [`${method} ${path}`, [...credentials].sort()] as const,
    );
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(guarded));
  });

  it('lists every error of every route with its status, and every error of the table somewhere', () => {
    const used = new Set<ErrorCode>();
    for (const route of ROUTES) {
      const { responses } = document.paths[openApiPath(route.path)]?.[route.method.toLowerCase()] as {
        responses: Record<string, { description: string }>;
      };
      for (const code of errorsOf(route)) {
        used.add(code);
        expect(responses[ERRORS[code].status]?.description).toContain(`\`${code}\``);
      }
      for (const [status, { description }] of Object.entries(route.answers)) {
        expect(responses[status]?.description).toContain(description);
      }
    }
    const anywhere = Object.keys(ERRORS).filter((code) => code !== 'METHOD_NOT_ALLOWED');
    expect([...used].sort()).toEqual(anywhere.sort());
  });

  it('is OpenAPI 3.1 to a validator that is not ours, and every schema in it is JSON Schema 2020-12', async () => {
    const copy = JSON.parse(JSON.stringify(document)) as typeof document;
    expect(await new Validator().validate(copy)).toEqual({ valid: true });
    const jsonSchema = new Ajv2020({ strict: false, validateFormats: false });
    const schemas = schemasIn(JSON.parse(JSON.stringify(document)));
    expect(schemas.length).toBeGreaterThan(ROUTES.length);
    for (const schema of schemas) {
      expect([schema, jsonSchema.validateSchema(schema), jsonSchema.errors ?? []]).toEqual([schema, true, []]);
    }
  });

  it('would not be, were a path parameter or a response without what it must have', async () => {
    const broken = [
      { openapi: '3.1.0', info: document['info'], paths: { '/x': { get: { responses: { 200: {} } } } } },
      {
        openapi: '3.1.0',
        info: document['info'],
        paths: { '/x': { get: { parameters: [{ in: 'path', name: 'id' }] } } },
      },
      { openapi: '3.1.0', info: document['info'], paths: {}, components: { schemas: { A: { $ref: '#/nowhere' } } } },
    ];
    for (const one of broken) expect((await new Validator().validate(one)).valid).toBe(false);
  });

  it('resolves every reference, and describes every path parameter', () => {
    const text = JSON.stringify(document);
    const components = document['components'] as Record<string, Record<string, unknown>>;
    const references = [...text.matchAll(/"#\/components\/(\w+)\/([\w.]+)"/g)];
    expect(references.length).toBe(text.split('"$ref":').length - 1);
    for (const [reference, kind = '', name = ''] of references) {
      expect([reference, components[kind]?.[name]]).toEqual([reference, expect.anything()]);
    }
    expect(text).not.toContain('#/$defs/');
    for (const { path, params } of ROUTES) {
      const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
      expect(Object.keys(params?.shape ?? {})).toEqual(names);
    }
  });
});

describe('the docs page', () => {
  it('loads nothing from anywhere, runs no script, and its one style is the one that its policy allows', () => {
    const html = docsPage('test');
    expect(html).not.toMatch(
      /<script|<img|<link|<iframe|<base|\son\w+=|\sstyle=|\b(?:src|href)=.?(?:https?:)?\/\/|url\(|@import/i,
    );
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '';
    expect(DOCS_CSP).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    for (const { path } of ROUTES) expect(html).toContain(path);
  });
});

/** Every value of a `schema` member, and the named ones. */
function schemasIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    if (name === 'schema') return [inner as object];
    return name === 'schemas' ? Object.values(inner as Record<string, object>) : schemasIn(inner);
  });
}

const METHODS: Record<number, string> = { 0: 'GET', 1: 'POST', 2: 'PUT', 3: 'DELETE', 4: 'PATCH' };
const CREDENTIAL_OF: Record<string, string> = { public: 'none', 'session-renewal': 'session' };

function joined(base: string, path: string): string {
  const parts = [base, path].map((part) => part.replace(/^\/+|\/+$/g, '')).filter((part) => part !== '');
  return `/${parts.join('/')}`;
}
