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
const ROTATION_DEADLINE_MS = 10_000;
const HISTORY_DEADLINE_MS = 60_000;

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

/** Where alerts go. */
export async function addChannels({ owner, receivers, stage }: World): Promise<void> {
  const { telegram, mail, webhook, botToken, webhookSecret } = receivers;
  const add = (args: string[], secret: string): Promise<string> =>
    sledger(owner, ['channel', 'add', ...args, '--secret-file', '-'], secret);
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
  expectThat(state === 'active' && generation === 0, 'an active session at generation 0');
  stage.show(`tools: ${(await desktop.tools()).join(', ')}`);
  return desktop;
}

/** The process renews by itself at 60 % of the token's life. */
export async function renewal({ stage, tokenLife }: World, desktop: DesktopHost, generation: number): Promise<void> {
  await desktop.runs(generation, tokenLife * 1000);
  const { remainingRenewals, secondsLeft } = await desktop.session();
  stage.show(`generation ${generation}, ${secondsLeft} s left, ${remainingRenewals} renewals left`);
}

/** The owner replaces the token under the running process. Answers the milliseconds until it was in use. */
export async function rotation(world: World, desktop: DesktopHost, setup: Setup, generation: number): Promise<number> {
  const client = new OwnerClient({ baseUrl: world.owner.baseUrl, credential: world.ownerKey });
  const taken = desktop.runs(generation, ROTATION_DEADLINE_MS).then(() => performance.now());
  const rotated = await client.rotateSession(setup.sessionId);
  const answeredAt = performance.now();
  expectThat(rotated.generation === generation, `generation ${generation} after the rotation`);
  const ms = (await taken) - answeredAt;

  const answer = await desktop.call('session_status');
  const held = answer['session'] as HeldSession;
  expectThat(answer['status'] === 'ok' && held.generation === generation, 'an accepted call with the new token');
  return Math.max(ms, 0);
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
  await until(isWhole, { timeoutMs: HISTORY_DEADLINE_MS, describe: 'the whole history of the session' });
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
