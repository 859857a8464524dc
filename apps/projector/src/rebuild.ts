import { join } from 'node:path';
import { toCloudEvent } from '#libs/contracts';
import { Database, lead, LOCKS } from '#libs/database';
import { runningPostgresUrl } from '#libs/embedded';
import { readRecorded } from '#libs/ledger';
import { readConfig, type Config, requireUrl } from '#libs/platform';
import { READ_MODELS, rebuild, type ReadModelName } from '#libs/read-models';
import { progressLine } from './progress-line.js';

/** `npm run rebuild -- <read model>`: folds it anew beside the live one, then swaps. Reads and writes go on meanwhile. */
async function main(name: string | undefined): Promise<void> {
  const model = READ_MODELS.find((known) => known === name?.replaceAll('-', '_'));
  if (!model) {
    const problem = name === undefined ? 'Name the read model to rebuild' : `There is no read model ${name}`;
    throw new Error(`${problem}: ${READ_MODELS.join(' or ')}.\nUsage: npm run rebuild -- <read model>`);
  }
  await rebuildModel(model);
}

async function rebuildModel(model: ReadModelName): Promise<void> {
  const config = readConfig();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error('Stopped. The live read model is untouched.')));
  }
  await using database = await Database.open({
    url: urlOf(config),
    applicationName: 'session-ledger rebuild',
    poolSize: 4,
  });
  await using lease = await lead(database, LOCKS.rebuild, stop.signal);
  const started = Date.now();
  const position = await rebuild(model, {
    database,
    readLog: async (after, limit) =>
      (await readRecorded(database, after, limit)).map((event) => toCloudEvent(event, config.issuer)),
    onProgress: (progress) => process.stdout.write(`\r${progressLine(model, progress, Date.now() - started)}`),
    signal: AbortSignal.any([stop.signal, lease.lost]),
  });
  process.stdout.write(`\n${model} was rebuilt up to position ${position} and is live.\n`);
}

/** The configured server, else the one that a running `npm start` brought along. */
function urlOf(config: Config): string {
  const url = config.databaseUrl ?? runningPostgresUrl(join(config.dataDir, 'postgres'));
  return url ?? requireUrl(config, 'databaseUrl');
}

main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`\n${(error as Error).message}\n`);
  process.exitCode = 1;
});
