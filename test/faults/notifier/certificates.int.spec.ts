import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import type { CloudEvent } from '#libs/contracts';
import { newId } from '#libs/platform';
import { RawServer, SmtpReceiver, startProcess, testEnvironment, until, WebhookReceiver } from '#libs/testing';
import type { Order } from './killed-notifier.js';
import { NotifierFixture } from './notifier-fixture.js';
import { TestAuthority } from './test-certificates.js';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist/test/faults/notifier/killed-notifier.js');

const wires: RawServer[] = [];
afterEach(async () => {
  for (const wire of wires.splice(0)) await wire[Symbol.asyncDispose]();
});

/** Passes everything on, and keeps what the client says. */
async function overhear(port: number): Promise<{ port: number; said: () => string }> {
  const said: Buffer[] = [];
  const wire = await RawServer.start((client) => {
    const upstream = connect(port, '127.0.0.1');
    upstream.on('error', () => client.destroy());
    client.once('close', () => upstream.destroy());
    client.on('data', (chunk) => said.push(chunk));
    client.pipe(upstream).pipe(client);
  });
  wires.push(wire);
  return { port: wire.port, said: () => Buffer.concat(said).toString('latin1') };
}

it('W6: a certificate that has expired or is another host’s is not accepted though its authority is trusted: nothing is said, in the clear neither, and the owner is told elsewhere', async () => {
  await using fixture = await NotifierFixture.start();
  await fixture.notifier.close();
  const authority = TestAuthority.create();
  const good = authority.issue({ host: '127.0.0.1' });
  const expired = authority.issue({ host: '127.0.0.1', endsAt: Date.now() - 60_000 });
  const ofAnother = authority.issue({ host: 'hooks.example.test' });

  await using hook = await WebhookReceiver.start(good);
  await using mailbox = await SmtpReceiver.start({ ...good, begins: 'at once' });
  await fixture.webhook(hook.url);
  await fixture.email(mailbox.url);

  await using expiredHook = await WebhookReceiver.start(expired);
  await using strangeHook = await WebhookReceiver.start(ofAnother);
  await using expiredMail = await SmtpReceiver.start({ ...expired, begins: 'at once' });
  await using strangeMail = await SmtpReceiver.start({ ...ofAnother, begins: 'by STARTTLS' });
  const refused = [
    { name: 'expired hook', receiver: expiredHook, why: /CERT_HAS_EXPIRED/ },
    { name: 'strange hook', receiver: strangeHook, why: /ERR_TLS_CERT_ALTNAME_INVALID/ },
    { name: 'expired mail', receiver: expiredMail, why: /CERT_HAS_EXPIRED/ },
    { name: 'strange mail', receiver: strangeMail, why: /ERR_TLS_CERT_ALTNAME_INVALID/ },
  ];
  const said = new Map<string, () => string>();
  for (const { name, receiver } of refused) {
    const wire = await overhear(receiver.port);
    said.set(name, wire.said);
    const url = receiver.url.replace(String(receiver.port), String(wire.port));
    const wish = { name, events: ['SessionExpiringSoon' as const] };
    await (receiver instanceof WebhookReceiver ? fixture.webhook(url, wish) : fixture.email(url, wish));
  }

  // A process of its own, for the authority is trusted from a process's start on.
  const trusted = join(testEnvironment().runDir, `authority-${newId()}.pem`);
  writeFileSync(trusted, authority.cert);
  await using notifier = await startProcess(process.execPath, {
    args: [MAIN],
    env: { DATABASE_URL: fixture.testDatabase.url, NODE_EXTRA_CA_CERTS: trusted },
  });
  await notifier.waitFor(/ready/);
  const { session, event } = await fixture.warned();
  const orders: Order[] = [{ do: 'start' }, { do: 'take', events: [event] }];
  for (const order of orders) notifier.child.stdin.write(`${JSON.stringify(order)}\n`);

  const news = (): { name: string; reason: string }[] =>
    hook.received
      .map(({ body }) => JSON.parse(body) as CloudEvent & { data: { name: string; reason: string } })
      .filter(({ type }) => type === 'ledger.channel.trouble.v1')
      .map(({ data }) => data);
  const allTold = async (): Promise<boolean> => {
    if (news().length >= refused.length) return true;
    await fixture.hurry();
    return false;
  };
  await until(allTold, { describe: 'the news about all four', pollMs: 100 });
  for (const { name, receiver, why } of refused) {
    expect(news().filter((each) => each.name === name)).toEqual([
      expect.objectContaining({ reason: expect.stringMatching(why) }),
    ]);
    expect(receiver.received).toEqual([]);
    expect(said.get(name)!()).not.toMatch(/POST \/webhook|MAIL FROM|webhook-id/i);
  }
  // Besides those in which the machine stood for as long as a handshake may take.
  const failures = await fixture.database.query<{ name: string; failures: string[] }>(
    `select c.name, array_agg(distinct concat_ws(' ', a.outcome, a.reason)) as failures
     from deliveries.attempt a join deliveries.delivery d using (delivery_id) join deliveries.channel c using (channel_id)
     where a.outcome <> 'delivered' and a.reason is distinct from 'timeout' group by c.name order by c.name`,
  );
  expect(failures).toEqual(
    refused.map(({ name }) => ({ name, failures: ['failed tls'] })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  // The same authority, the right host and time: what was wrong was only that.
  expect(hook.received.filter(({ body }) => body.includes(event.id))).toHaveLength(1);
  await until(() => mailbox.received.some(({ mail }) => mail.text?.includes(session.sessionId)), {
    describe: 'the alert in the mailbox',
  });
});
