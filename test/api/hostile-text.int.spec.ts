import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXAMPLE_IDS, type Problem, type Route, ROUTES } from '#libs/contracts';
import { z } from 'zod';
import { RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

/** What PostgreSQL cannot store as text, or finds no Unicode. */
const HOSTILE = ['\u0000', 'a\u0000b', '\ud800', 'a\udfff'];

let api: RunningApi;
/** The examples name things that do not exist: these do, so that a request comes as far as it can. */
let existing: Record<string, string>;

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' });
  const session = await api.session();
  const holder = await TestHolder.register(api, session.id);
  const channel = await api.call<{ id: string }>('POST', '/v1/channels', api.ownerHeaders, {
    type: 'webhook',
    name: 'operations',
    config: { url: 'https://hooks.example.com/ledger' },
  });
  existing = {
    [EXAMPLE_IDS.channel]: channel.body.id,
    [EXAMPLE_IDS.agent]: session.agentId,
    [EXAMPLE_IDS.session]: session.id,
    [EXAMPLE_IDS.holder]: holder.id,
  };
});
afterAll(() => api?.[Symbol.asyncDispose]());

type Path = string[];
interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}
const KEY = '<key>';

/** Every place of a body where a text may stand; `KEY` is a name that the caller chooses. */
function textsOf(schema: JsonSchema): Path[] {
  if (schema.type === 'string') return [[]];
  const inside = (name: string, part: JsonSchema) => textsOf(part).map((path) => [name, ...path]);
  const free = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) => inside(name, part)),
    ...(free ? [[KEY], ...inside('any', free)] : []),
    ...(schema.items ? inside('0', schema.items) : []),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(textsOf),
  ];
}

function withText(value: unknown, [first, ...rest]: Path, text: string): unknown {
  if (first === undefined) return text;
  if (first === '0') return [withText(undefined, rest, text)];
  if (first === KEY) return { [text]: 'x' };
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return { ...object, [first]: withText(object[first], rest, text) };
}

function concrete<T>(value: T): T {
  return JSON.parse(
    Object.entries(existing).reduce((text, [example, id]) => text.replaceAll(example, id), JSON.stringify(value)),
  ) as T;
}

function pathOf({ path, example }: Route): string {
  const params = concrete<Record<string, string>>(example?.params ?? {});
  return path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? EXAMPLE_IDS.agent);
}

const schemaOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema;

describe('text that cannot be stored', () => {
  const bodies = ROUTES.filter(({ body, form, credentials }) => body && !form && credentials.includes('owner'));
  it.each(bodies.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'is refused by %s wherever a text may stand',
    async (_, route) => {
      const texts = textsOf(schemaOf(route.body as z.ZodType));
      const good = concrete<unknown>(route.example?.body ?? {});
      for (const path of texts) {
        for (const hostile of HOSTILE) {
          const body = withText(good, path, hostile);
          const answer = await api.call<Problem>(route.method, pathOf(route), api.ownerHeaders, body);
          expect([path.join('.'), hostile, answer.status, answer.body.code]).toEqual([
            path.join('.'),
            hostile,
            400,
            'BAD_REQUEST',
          ]);
        }
      }
    },
  );

  const queries = ROUTES.filter(({ query, credentials }) => query && credentials.includes('owner'));
  it.each(queries.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'is refused in every parameter of %s',
    async (_, route) => {
      for (const [name] of textsOf(schemaOf(route.query as z.ZodType))) {
        const url = `${pathOf(route)}?${name}=a%00b`;
        const { status } = await api.call(route.method, url, api.ownerHeaders);
        expect([url, status]).toEqual([url, 400]);
      }
    },
  );
});

describe('a value that no id or time can be', () => {
  it.each([
    '/v1/sessions?idPrefix=-',
    '/v1/sessions?idPrefix=abc-',
    '/v1/sessions?idPrefix=0000000-0',
    '/v1/sessions?idPrefix=0199abcd01',
    '/v1/audit?from=0000-01-01T00:00:00Z',
    '/v1/audit?to=0000-12-31T23:59:59Z',
    '/v1/audit/export?from=0000-01-01T00:00:00Z',
    '/v1/audit/checkpoints?before=0000-01-01T00:00:00Z',
  ])('is refused: %s', async (path) => {
    const { status, body } = await api.call<Problem>('GET', path, api.ownerHeaders);
    expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
  });

  it('is not every beginning of an id: also one that ends at a dash finds its session', async () => {
    const { id } = await api.session();
    for (const length of [1, 8, 9, 13, 14, 18, 19, 23, 24, 35, 36]) {
      const path = `/v1/sessions?idPrefix=${id.slice(0, length)}&limit=200`;
      const { body } = await api.call<{ items: { id: string }[] }>('GET', path, api.ownerHeaders);
      expect(body.items.map((item) => item.id)).toContain(id);
    }
  });
});

describe('registering one name at the same moment', () => {
  it('gives it to one and refuses the others', async () => {
    for (let round = 0; round < 5; round++) {
      const name = `wanted ${round}`;
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => api.call<Problem>('POST', '/v1/agents', api.ownerHeaders, { name })),
      );
      const refused = answers.filter(({ status }) => status !== 201);
      expect(answers.length - refused.length).toBe(1);
      expect(new Set(refused.map(({ status, body }) => `${status} ${body.code}`))).toEqual(new Set(['409 NAME_TAKEN']));
    }
  });
});
