import { ROUTES, type Method } from '#libs/contracts';

const PATTERNS = ROUTES.map(({ method, path, answers }) => ({
  method,
  isStream: answers[200]?.contentType === 'text/event-stream',
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`),
}));

/** Methods that this path takes; none when there is no such path. HEAD goes with GET, but for streams: their head has no end. */
export function allowedMethods(url: string): (Method | 'HEAD')[] {
  const path = url.split('?', 1)[0] ?? '';
  const routes = PATTERNS.filter(({ pattern }) => pattern.test(path));
  const hasHead = routes.some(({ method, isStream }) => method === 'GET' && !isStream);
  return [...routes.map(({ method }) => method), ...(hasHead ? (['HEAD'] as const) : [])];
}
