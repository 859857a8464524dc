import { connect } from 'node:net';
import { type OwnerClient, ProblemError } from '#libs/client';
import { freePort } from '#libs/embedded';

export interface Secrets {
  ownerKey: string;
  /** Tokens in their file form. */
  liveToken: string;
  deadToken: string;
  botToken: string;
  smtpPassword: string;
  webhookPath: string;
}

/** Wrong requests that carry right secrets: whatever is said about them must not repeat them. */
export async function sendWrongRequests(url: string, secrets: Secrets): Promise<void> {
  const { ownerKey, liveToken, deadToken, botToken, smtpPassword } = secrets;
  const owner = { 'x-master-password': ownerKey, 'content-type': 'application/json' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = (content: unknown) => JSON.stringify(content);
  const requests: [string, string, Record<string, string>, string?][] = [
    ['GET', '/v1/session', { authorization: `Bearer ${deadToken}` }],
    ['GET', '/v1/session', { authorization: `Bearer ${liveToken.slice(0, -2)}AA` }],
    ['GET', '/v1/session', { authorization: `Bearer ${ownerKey}` }],
    ['GET', '/v1/session', { 'x-master-password': liveToken }],
    ['GET', '/v1/session', { authorization: `Basic ${Buffer.from(`owner:${ownerKey}`).toString('base64')}` }],
    ['GET', `/v1/session?access_token=${liveToken}`, {}],
    ['GET', `/v1/sessions/${liveToken}`, owner],
    ['GET', `/v1/${liveToken}`, owner],
    ['GET', `/v1/audit?text=${liveToken}&cursor=${liveToken}`, owner],
    ['POST', '/v1/agents', owner, `{"name": "${ownerKey}`],
    ['POST', '/v1/agents', owner, body({ name: [ownerKey], nonsense: liveToken })],
    ['POST', '/v1/sessions', owner, body({ agentId: liveToken })],
    [
      'POST',
      '/v1/channels',
      owner,
      body({ type: 'telegram', name: 'a', config: { botToken, chatId: { x: botToken } } }),
    ],
    [
      'POST',
      '/v1/channels',
      owner,
      body({ type: 'email', name: 'b', config: { smtpUrl: `smtp//x:${smtpPassword}@` } }),
    ],
    [
      'POST',
      '/v1/channels',
      owner,
      body({ type: 'webhook', name: 'c', config: { url: `http://10.0.0.1/${secrets.webhookPath}` } }),
    ],
    ['POST', '/oauth/introspect', { ...form, 'x-master-password': ownerKey }, `token=${liveToken}`],
    ['POST', '/oauth/introspect', form, `token=${liveToken}`],
    ['POST', '/oauth/revoke', form, `token=${deadToken}`],
    ['POST', '/v1/holders/token', { 'ledger-holder-assertion': liveToken }],
    ['PUT', '/v1/sessions/not-an-id/renew', { authorization: `Bearer ${liveToken}` }],
  ];
  for (const [method, path, headers, content] of requests) {
    const answer = await fetch(url + path, { method, headers, ...(content !== undefined && { body: content }) });
    await answer.arrayBuffer();
  }
  await sendTornRequest(url, ownerKey);
}

/** A request that is no HTTP after its first header. */
function sendTornRequest(url: string, ownerKey: string): Promise<void> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.resume().end(`GET /v1/session HTTP/1.1\r\nX-Master-Password: ${ownerKey}\r\nbroken \u0001 header\r\n\r\n`);
  });
}

/** Channels whose far ends are not there or refuse, each with a secret in its address; a test alert through each. */
export async function useBrokenChannels(owner: OwnerClient, secrets: Secrets, smtpPort: number): Promise<void> {
  const nobody = `127.0.0.1:${await freePort()}`;
  const { botToken, smtpPassword, webhookPath } = secrets;
  const channels = [
    {
      type: 'webhook' as const,
      name: 'gone-hook',
      config: { url: `http://${nobody}/${webhookPath}?key=${webhookPath}` },
    },
    { type: 'telegram' as const, name: 'gone-chat', config: { botToken, chatId: '4711', apiRoot: `http://${nobody}` } },
    {
      type: 'email' as const,
      name: 'refusing-mail',
      config: {
        smtpUrl: `smtp://ledger:${encodeURIComponent(smtpPassword)}@127.0.0.1:${smtpPort}`,
        from: 'ledger@example.org',
        to: 'owner@example.org',
      },
    },
  ];
  for (const channel of channels) {
    const { id } = await owner.createChannel(channel);
    await owner.testChannel(id).catch((error: unknown) => {
      if (!(error instanceof ProblemError)) throw error;
    });
  }
}
