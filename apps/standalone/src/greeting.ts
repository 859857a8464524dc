export interface GreetingFacts {
  baseUrl: string;
  ownerKeyFile: string;
  dataDir: string;
  logFile: string;
  servers: { postgres: string; nats: string };
  startMs: number;
}

/** What a newcomer needs next. Paths of secrets, never the secrets. */
export function greeting({ baseUrl, ownerKeyFile, dataDir, logFile, servers, startMs }: GreetingFacts): string {
  return `
Session Ledger is ready (${(startMs / 1000).toFixed(1)} s).

  API          ${baseUrl}   (documentation: ${baseUrl}/docs)
  Owner key    in ${ownerKeyFile}   (send it as X-Master-Password)
  Data         ${dataDir}
  PostgreSQL   ${servers.postgres}
  NATS         ${servers.nats}
  Log          ${logFile}

Set up a desktop agent, in another terminal:
  npx sledger agent add my-agent
  npx sledger mcp setup --agent my-agent

Be warned before its session ends:
  npx sledger channel add --help

Stop: Ctrl-C
`;
}
