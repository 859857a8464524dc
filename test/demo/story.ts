import { OwnerClient } from '#libs/client';
import { until } from '#libs/testing';
import { alertEverywhere } from './alerts.js';
import { DesktopHost, type HeldSession, type HostEntry } from './desktop-host.js';
import { eventsInLedger, eventsOnBus } from './event-order.js';
import { CHAT_ID, MAIL_TO, type Receivers } from './receivers.js';
import { type Owner, sledger, sledgerJson } from './sledger.js';
import { expectThat, type Stage } from './stage.js';

export const AGENT = 'atlas';
/** The second renewal leaves three: the alert's condition. */
const RENEWALS = 5;
/** A machine at work gets tokens that live so many times as long as it takes for a command line: nothing here races against their end. */
const LIFE_IN_COMMANDS = 12;

export interface World {
  owner: Owner & { baseUrl: string };
  ownerKey: string;
  receivers: Receivers;
  stage: Stage;
  /** Seconds that one token lives. */
  tokenLife: number;
}

export interface Setup {
  sessionId: string;
  agentId: string;
  tokenFile: string;
  snippet: { mcpServers: Record<string, HostEntry> };
}

/** Where alerts go. Tokens get the life that the machine needs, by how long this took. */
export async function addChannels(world: World): Promise<void> {
  const { owner, receivers, stage } = world;
  const { telegram, mail, webhook, botToken, webhookSecret } = receivers;
  const add = async (args: string[], secret: string): Promise<void> => {
    const began = performance.now();
    await sledger(owner, ['channel', 'add', ...args, '--secret-file', '-'], secret);
    const seconds = (performance.now() - began) / 1000;
    world.tokenLife = Math.max(world.tokenLife, Math.ceil(LIFE_IN_COMMANDS * seconds));
  };
  await add(['telegram', 'owner-chat', '--chat-id', String(CHAT_ID), '--api-root', telegram.apiRoot], botToken);
  await add(['email', 'owner-mail', '--from', 'ledger@example.org', '--to', MAIL_TO], mail.url);
  await add(['webhook', 'owner-hook', '--url', webhook.url], webhookSecret);
  stage.show(await sledger(owner, ['channel', 'list']));
}

/** An agent, a session, a holder and the desktop's configuration entry. */
export async function setUp({ owner, stage, tokenLife }: World): Promise<Setup> {
  stage.show(await sledger(owner, ['agent', 'add', AGENT]));
  const life = ['--expires-in', String(tokenLife), '--max-renewals', String(RENEWALS)];
  const setup = await sledgerJson<Setup>(owner, ['mcp', 'setup', '--agent', AGENT, ...life]);
  stage.show(await sledger(owner, ['session', 'list']));
  return setup;
}

/** The MCP process, started from the entry that `mcp setup` printed. */
export async function startDesktop({ stage }: World, { snippet }: Setup): Promise<DesktopHost> {
  const [entry] = Object.values(snippet.mcpServers);
  expectThat(entry, 'an entry for the desktop host');
  const desktop = await DesktopHost.start(entry);
  const { state, generation } = await desktop.session();
  expectThat(state === 'active' && generation !== null, 'an active session');
  stage.show(`tools: ${(await desktop.tools()).join(', ')}`);
  return desktop;
}

/** The process renews by itself at 60 % of the token's life. */
export async function renewal({ stage, tokenLife }: World, desktop: DesktopHost, generation: number): Promise<void> {
  await desktop.reaches(generation, tokenLife * 1000 + 60_000);
  const held = await desktop.session();
  stage.show(`generation ${held.generation}, ${held.secondsLeft} s left, ${held.remainingRenewals} renewals left`);
}

export interface Rotation {
  generation: number;
  /** From the answer to the owner until the process had the new token, milliseconds. */
  ms: number;
}

/** The owner replaces the token under the running process, whatever generation that has come to. */
export async function rotation(world: World, desktop: DesktopHost, setup: Setup): Promise<Rotation> {
  const client = new OwnerClient({ baseUrl: world.owner.baseUrl, credential: world.ownerKey });
  const { generation: before } = await desktop.session();
  const taken = desktop.reaches((before ?? 0) + 1).then(() => performance.now());
  // Awaited below: until then its failure must not count as nobody's.
  taken.catch(() => undefined);
  const { generation } = await client.rotateSession(setup.sessionId);
  const answeredAt = performance.now();
  const ms = (await taken) - answeredAt;
  await desktop.reaches(generation);

  const answer = await desktop.call('session_status');
  const held = answer['session'] as HeldSession;
  expectThat(answer['status'] === 'ok' && (held.generation ?? 0) >= generation, 'an accepted call with the new token');
  return { generation, ms: Math.max(ms, 0) };
}

/** The expiring-soon alert on every channel, each checked at its far end. */
export async function alert({ receivers, stage }: World, { sessionId }: Setup): Promise<void> {
  const { telegram, mail, webhook } = await alertEverywhere(receivers, sessionId, AGENT);
  stage.show(`Telegram: ${telegram.split('\n')[0]}`);
  stage.show(`Email:    ${mail.subject}`);
  stage.show(`Webhook:  ${webhook.type} (${webhook.id}), signature valid`);
}

/** The ledger's events, which must stand on JetStream in the same order. */
export async function sameOrder({ owner, ownerKey }: World, natsUrl: string): Promise<number> {
  const client = new OwnerClient({ baseUrl: owner.baseUrl, credential: ownerKey });
  const [ledger, bus] = await Promise.all([eventsInLedger(client), eventsOnBus(natsUrl)]);
  expectThat(ledger.length > 0 && JSON.stringify(ledger) === JSON.stringify(bus), 'the same events in the same order');
  return ledger.length;
}

const HISTORY = ['created', 'renewed', 'expiring_soon', 'revoked'];

/** The session's history, as the auditor reads it; the search follows the ledger by a moment. */
export async function history({ owner, stage }: World, { sessionId }: Setup): Promise<void> {
  const query = ['audit', 'query', '--session', sessionId];
  const isWhole = async (): Promise<boolean> => {
    const output = await sledger(owner, [...query, '--output', 'json']);
    return HISTORY.every((event) => output.includes(`ledger.session.${event}.v1`));
  };
  await until(isWhole, { describe: 'the whole history of the session' });
  stage.show(await sledger(owner, query));
}

/** The owner ends the session; the process says so instead of failing. */
export async function revocation({ owner, stage }: World, desktop: DesktopHost, { sessionId }: Setup): Promise<void> {
  stage.show(await sledger(owner, ['session', 'revoke', sessionId, '--reason', 'end of the demo']));
  await refusedPolitely(desktop);
}

/** A call with a dead token is answered with what to do, not with an error. */
export async function refusedPolitely(desktop: DesktopHost): Promise<void> {
  const answer = await desktop.call('list_sessions');
  expectThat(answer['status'] === 'session_expired', 'a polite refusal instead of an error');
}
