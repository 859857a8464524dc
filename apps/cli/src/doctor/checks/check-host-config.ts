import { existsSync, readFileSync } from 'node:fs';
import { DESKTOP_HOSTS, type DesktopHost } from '../../desktop-hosts/desktop-host.js';
import { serverName } from '../../desktop-hosts/server-entry.js';
import type { Check, Examination } from '../examination.js';
import { failed, ok, warning, type Finding } from '../finding.js';

interface Entry {
  command?: unknown;
  args?: unknown;
  env?: Record<string, unknown>;
}

/** Every host that is installed here and knows us: would it start the right thing, and is no secret in its file? */
export const checkHostConfig: Check = (examination) => {
  const findings = DESKTOP_HOSTS.flatMap((host) => hostFindings(host, examination));
  return Promise.resolve(
    findings.length > 0
      ? findings
      : [
          warning(
            'host',
            'No desktop host on this machine knows the MCP process.',
            'Add it: `sledger mcp setup --write`.',
          ),
        ],
  );
};

function hostFindings(host: DesktopHost, { environment, settings, name }: Examination): Finding[] {
  const path = host.configPath(environment, process.platform);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const secret = /sl_(sess|key)_[A-Za-z0-9_-]{10}/.test(text)
    ? [
        failed(
          `host ${host.id}`,
          `There is a token or key in ${path}.`,
          'Take it out: the MCP process finds it in the data directory. Then `sledger session rotate`.',
        ),
      ]
    : [];
  let config: Record<string, Record<string, Entry> | undefined>;
  try {
    config = JSON.parse(text) as typeof config;
  } catch (error) {
    return [
      ...secret,
      failed(
        `host ${host.id}`,
        `${path} is no JSON, so ${host.title} starts no server: ${(error as Error).message}.`,
        'Mend it; a backup of sledger ends in .bak.',
      ),
    ];
  }
  const entry = config[host.section]?.[serverName(name)];
  if (!entry) return secret;
  const wrong = wrongWith(entry, settings.dataDir);
  const remedy = `Write it anew: \`sledger mcp setup --host ${host.id} --write\`.`;
  return [
    ...secret,
    wrong === null
      ? ok(`host ${host.id}`, `${host.title} starts the MCP process.`)
      : failed(`host ${host.id}`, `The entry of ${host.title} is wrong: ${wrong}.`, remedy),
  ];
}

function wrongWith({ command, args, env }: Entry, dataDir: string): string | null {
  const words = Array.isArray(args) ? args.map(String) : [];
  const files = [String(command), ...words.slice(0, 1)].filter(
    (word) => word.startsWith('/') || /^[A-Za-z]:\\/.test(word),
  );
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) return `${missing} is not there`;
  const configured = env?.['LEDGER_DATA_DIR'];
  if (typeof configured === 'string' && configured !== dataDir)
    return `it uses the data directory ${configured}, not ${dataDir}`;
  return null;
}
