import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLedger } from './ledger-process.js';
import { startReceivers } from './receivers.js';
import { Stage } from './stage.js';
import { addChannels, alert, history, renewal, revocation, rotation, sameOrder, setUp, startDesktop } from './story.js';

/** The main job, end to end, on this machine alone. Exit 0 only if every step was observed. */
async function demo(stage: Stage, dataDir: string): Promise<void> {
  stage.step('Session Ledger starts: PostgreSQL, NATS and all services');
  await using ledger = await startLedger(dataDir);
  stage.observed(`ready at ${ledger.baseUrl} after ${stage.seconds()} s`);

  await using receivers = await startReceivers();
  const ownerKey = readFileSync(join(dataDir, 'owner-key'), 'utf8').trim();
  const world = { owner: { dataDir, baseUrl: ledger.baseUrl }, ownerKey, receivers, stage, tokenLife: 10 };

  stage.step("Alerts go to three channels (their far ends are this demo's own receivers, on loopback)");
  await addChannels(world);

  stage.step(`An agent, and a session whose tokens live ${world.tokenLife} seconds`);
  const setup = await setUp(world);
  stage.observed(`session ${setup.sessionId}, token in ${setup.tokenFile}`);

  stage.step('A desktop program starts the stdio MCP process from its configuration');
  await using desktop = await startDesktop(world, setup);
  stage.observed('it holds the session and answers');

  stage.step('The process renews its token by itself');
  await renewal(world, desktop, 1);
  stage.observed('renewed, no restart');

  stage.step('The owner rotates the token under the running process');
  const { generation, ms } = await rotation(world, desktop, setup);
  stage.observed(`the process uses the new token ${ms.toFixed(0)} ms after the rotation was answered`);

  stage.step('The next renewal leaves three: the owner is warned');
  await renewal(world, desktop, generation + 1);
  await alert(world, setup);
  stage.observed('the alert arrived on all three channels');

  stage.step('The owner ends the session; the agent is told, not broken');
  await revocation(world, desktop, setup);
  stage.observed('refused politely, the process lives on');

  stage.step('The ledger remembers');
  await history(world, setup);
  const count = await sameOrder(world, busUrl(dataDir));
  stage.observed(
    `every change, with who and why; all ${count} events of the ledger are on JetStream in the same order`,
  );
}

/** Only the owner of the data directory can read the bus. */
function busUrl(dataDir: string): string {
  const { natsUrl } = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as { natsUrl: string };
  const url = new URL(natsUrl);
  url.username = 'service';
  url.password = readFileSync(join(dataDir, 'nats', 'password'), 'utf8').trim();
  return url.href;
}

const stage = new Stage();
const dataDir = mkdtempSync(join(tmpdir(), 'session-ledger-demo-'));
// Where root starts this, PostgreSQL runs as another user and must pass here.
chmodSync(dataDir, 0o711);
try {
  stage.say('Session Ledger: the demo. Everything is real; only the receivers of the alerts are stand-ins.');
  await demo(stage, dataDir);
  stage.say(`\nAll steps observed in ${stage.seconds()} s. Start your own: npm start`);
} catch (error) {
  stage.say(`\n✗ ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
