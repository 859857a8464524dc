import { createHash } from 'node:crypto';
import { AREAS, ERRORS, errorsOf, ROUTES, type ErrorCode, type Route } from '#libs/contracts';

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:64rem;margin:0 auto;padding:1rem}
h2{margin-top:2.5rem}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884;vertical-align:top}
code{font:.9em ui-monospace,monospace}
details{border-bottom:1px solid #8884;padding:.4rem 0}
summary{cursor:pointer}
pre{overflow-x:auto;background:#8881;padding:.6rem}
.yes{text-align:center}
`;

/** Allows this one style and nothing else: the page runs no script and loads nothing. */
export const DOCS_CSP = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const CREDENTIALS = ['none', 'session', 'holder', 'resource', 'auditor', 'owner'] as const;

/** The surface as one page: routes by area, who may call what, every error. */
export function docsPage(version: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Session Ledger API</title><style>${STYLE}</style></head><body>
<h1>Session Ledger API</h1>
<p>Version ${escape(version)}. The same as a document for machines: <a href="/openapi.json">/openapi.json</a>.
Errors are RFC 9457 problems with <code>code</code>, <code>retryable</code>, <code>hint</code> and <code>requestId</code>.</p>
${AREAS.map(areaSection).join('\n')}
<h2 id="credentials">Who may call what</h2>${credentialTable()}
<h2 id="errors">Errors</h2>${errorTable()}
</body></html>
`;
}

function areaSection(area: Route['area']): string {
  const routes = ROUTES.filter((route) => route.area === area);
  return routes.length === 0 ? '' : `<h2>${escape(area)}</h2>${routes.map(routeDetails).join('\n')}`;
}

function routeDetails(route: Route): string {
  const body = route.example?.body;
  return `<details><summary><code>${route.method} ${escape(route.path)}</code> ${escape(route.summary)}</summary>
<p>Credentials: ${route.credentials.map((one) => `<code>${one}</code>`).join(', ')}.
Answers: ${Object.entries(route.answers)
    .map(([status, { description }]) => `<code>${status}</code> ${escape(description)}`)
    .join('; ')}.</p>
${fieldList('Path', route.params)}${fieldList('Query', route.query)}
${body === undefined ? '' : `<p>Example body:</p><pre>${escape(JSON.stringify(body, null, 2))}</pre>`}
<p>Errors: ${errorsOf(route)
    .map((code) => `<a href="#${code}"><code>${code}</code></a>`)
    .join(', ')}.</p></details>`;
}

function fieldList(title: string, schema: Route['query']): string {
  if (!schema) return '';
  return `<p>${title}: ${Object.keys(schema.shape)
    .map((name) => `<code>${escape(name)}</code>`)
    .join(', ')}.</p>`;
}

function credentialTable(): string {
  const rows = ROUTES.map(({ method, path, credentials }) => {
    const marks = CREDENTIALS.map((one) => `<td class="yes">${credentials.includes(one) ? 'yes' : ''}</td>`);
    return `<tr><td><code>${method} ${escape(path)}</code></td>${marks.join('')}</tr>`;
  });
  const heads = CREDENTIALS.map((one) => `<th scope="col">${one}</th>`).join('');
  return `<table><thead><tr><th scope="col">Route</th>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function errorTable(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { status, title, hint, retryable } = ERRORS[code];
    return `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${retryable ? 'yes' : 'no'}</td><td>${escape(title)}. ${escape(hint)}</td></tr>`;
  });
  return `<table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Retry</th><th scope="col">Meaning and what to do</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
