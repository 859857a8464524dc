import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { Database } from '#libs/database';
import { oidcAdapterOn } from './oidc-adapter.js';

/** The peer of the api's bench: a certified OAuth server on the same PostgreSQL. Prints its URL and the tokens to begin with. */
const [url = '', pool = '16', count = '64'] = process.argv.slice(2);
const database = await Database.open({ url, applicationName: 'oidc peer', poolSize: Number(pool) });
const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
const client = {
  client_id: 'bench',
  client_secret: 'a secret of the bench and of nobody else',
  grant_types: ['refresh_token', 'authorization_code'],
  redirect_uris: ['https://bench.example/callback'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_post',
  id_token_signed_response_alg: 'EdDSA',
};
const provider = new Provider('http://127.0.0.1', {
  adapter: oidcAdapterOn(database),
  clients: [client],
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'EdDSA', use: 'sig' }] },
  enabledJWA: { idTokenSigningAlgValues: ['EdDSA'] },
  scopes: ['openid', 'offline_access'],
  features: { devInteractions: { enabled: false }, introspection: { enabled: true } },
  findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, RefreshToken: 86_400, Grant: 86_400 },
});

const known = await provider.Client.find(client.client_id);
const refreshTokens: string[] = [];
const accessTokens: string[] = [];
for (let made = 0; made < Number(count); made++) {
  const accountId = randomUUID();
  const grant = new provider.Grant({ accountId, clientId: client.client_id });
  grant.addOIDCScope('offline_access');
  const grantId = await grant.save();
  const fields = { client: known, accountId, grantId, scope: 'offline_access', gty: 'authorization_code' };
  refreshTokens.push(await new provider.RefreshToken(fields).save());
  accessTokens.push(await new provider.AccessToken(fields).save());
}

const server = provider.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const { client_id, client_secret } = client;
  const peer = { url: `http://127.0.0.1:${port}`, client_id, client_secret, refreshTokens, accessTokens };
  process.stdout.write(`peer ${JSON.stringify(peer)} ready\n`);
});
