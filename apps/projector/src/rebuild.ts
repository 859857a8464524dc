import { toCloudEvent } from '#libs/contracts';
import { Database, lead, LOCKS } from '#libs/database';
import { readRecorded } from '#libs/ledger';
import { readConfig, requireUrl } from '#libs/platform';
import { READ_MODELS, rebuild, type ReadModelName } from '#libs/read-models';
import { progressLine } from './progress-line.js';

const HEADLINE = 'Usage: npm run rebuild -- <read model>';

/** `npm run rebuild -- <read model>`: folds it anew beside the live one, then swaps. Reads and writes go on meanwhile. */
async function main(name: string | undefined): Promise<void> {
  const model = READ_MODELS.find((known) => known === name?.replaceAll('-', '_'));
  if (!model) throw new Error(`${HEADLINE}\nRead models: ${READ_MODELS.join(', ')}`);
  await rebuildModel(model);
}

async function rebuildModel(model: ReadModelName): Promise<void> {
  const config = readConfig();
  await using database = await Database.open({
    url: requireUrl(config, 'databaseUrl'),
    applicationName: 'session-ledger rebuild',
    poolSize: 4,
  });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('stopped; the live read model is untouched')));
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

main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`\n${(error as Error).message}\n`);
  process.exitCode = 1;
});
