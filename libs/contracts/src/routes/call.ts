import type { z } from 'zod';
import { ROUTES, type RouteTable } from './index.js';
import type { Route } from './route.js';

/** A route as clients name it, e.g. `GET /v1/sessions/:id`. */
export type RouteName = keyof RouteTable;

type SchemaOf<N extends RouteName, Part extends 'params' | 'query' | 'body'> = RouteTable[N] extends {
  readonly [P in Part]: infer S extends z.ZodType;
}
  ? S
  : never;
type Success = 200 | 201 | 202 | 204;
type AnswersOf<N extends RouteName> = RouteTable[N]['answers'];
type SuccessOf<N extends RouteName> = AnswersOf<N>[keyof AnswersOf<N> & Success];

/** What a route takes as its body. */
export type RouteBody<N extends RouteName> = z.input<SchemaOf<N, 'body'>>;

/** What a route may be asked for: its query's names, each with a value that a URL can carry. */
export type RouteQuery<N extends RouteName> = {
  readonly [K in keyof z.input<SchemaOf<N, 'query'>>]?: string | number | boolean | undefined;
};

/** What a route answers where all goes well; `undefined` where its answer has no JSON body. */
export type RouteAnswer<N extends RouteName> =
  SuccessOf<N> extends { readonly schema: infer S extends z.ZodType } ? z.output<S> : undefined;

/** The parts of a call that its row has: path parameters, query and body, each only where there is one. */
export type RouteCall<N extends RouteName> = (RouteTable[N] extends { readonly params: infer S extends z.ZodType }
  ? { params: z.input<S> }
  : { params?: never }) &
  (RouteTable[N] extends { readonly query: z.ZodType } ? { query?: RouteQuery<N> } : { query?: never }) &
  (RouteTable[N] extends { readonly body: z.ZodType }
    ? RouteTable[N] extends { readonly bodyOptional: true }
      ? { body?: RouteBody<N> }
      : { body: RouteBody<N> }
    : { body?: never });

const BY_NAME = new Map(ROUTES.map((route) => [`${route.method} ${route.path}`, route]));

/** The row of a name, and its path made whole. */
export function routeTo(
  name: RouteName,
  params: Readonly<Record<string, string>> = {},
): { route: Route; path: string } {
  const route = BY_NAME.get(name) as Route;
  return { route, path: route.path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? '')) };
}

/** An answer's body as its row says it is. Throws ZodError where it is something else. */
export function parseAnswer<N extends RouteName>(name: N, body: unknown): RouteAnswer<N> {
  const { answers } = BY_NAME.get(name) as Route;
  const schema = Object.entries(answers).find(([status]) => Number(status) < 300)?.[1].schema;
  // The table that gives the type gives the schema.
  return schema?.parse(body) as RouteAnswer<N>;
}
