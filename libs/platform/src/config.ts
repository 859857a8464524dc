import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { keptIssuer } from './issuer-file.js';

const seconds = (fallback: number, min = 0) => z.coerce.number().int().min(min).default(fallback);
const count = (fallback: number, min = 1) => z.coerce.number().int().min(min).default(fallback);
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  );
const isNetwork = (text: string) => ipaddr.isValid(text) || ipaddr.isValidCIDR(text);
/** Names that the web framework knows besides addresses. */
const PROXY_NAMES = new Set(['loopback', 'linklocal', 'uniquelocal']);
const path = z
  .string()
  .min(1)
  .transform((text) => resolve(text));

/** Every key of the configuration, from the environment or the file that `LEDGER_CONFIG_FILE` names. `.env.example` explains them. */
const schema = z.object({
  LEDGER_DATA_DIR: path.default(join(homedir(), '.session-ledger')),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  NATS_URL: z
    .string()
    .regex(/^(nats|tls):\/\//, 'a nats:// or tls:// URL (several separated by commas)')
    .optional(),
  LEDGER_PORT: z.coerce.number().int().min(0).max(65_535).default(3100),
  LEDGER_HOST: z.string().min(1).default('127.0.0.1'),
  LEDGER_HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  LEDGER_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  LEDGER_TLS_CERT_FILE: path.optional(),
  LEDGER_TLS_KEY_FILE: path.optional(),
  LEDGER_TRUSTED_PROXIES: list.refine(
    (proxies) => proxies.every((proxy) => PROXY_NAMES.has(proxy) || isNetwork(proxy)),
    'addresses or networks as 10.0.0.0/8, or loopback, linklocal, uniquelocal',
  ),
  LEDGER_OWNER_KEY_FILE: path.optional(),
  LEDGER_SEAL_KEY_FILE: path.optional(),
  LEDGER_SEAL_KEY: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, '32 bytes as base64')
    .optional(),
  LEDGER_EXPIRES_IN: seconds(604_800, 1),
  LEDGER_MAX_RENEWALS: z.coerce.number().int().min(0).max(100).default(30),
  LEDGER_RENEWAL_REJECT_WINDOW: z.coerce.number().int().min(300).max(86_400).default(3600),
  LEDGER_MIN_TTL: seconds(60, 1),
  LEDGER_MIN_LIFETIME: seconds(86_400, 1),
  LEDGER_ABSOLUTE_LIFETIME: z.coerce.number().int().min(1).max(7_776_000).default(2_592_000),
  LEDGER_PREVIOUS_TOKEN_GRACE: seconds(30),
  LEDGER_SWEEP_INTERVAL: z.coerce.number().min(0.05).max(3600).default(5),
  LEDGER_ALLOW_PRIVATE_TARGETS: list.refine(
    (networks) => networks.every(isNetwork),
    'addresses or networks as 10.0.0.0/8',
  ),
  LEDGER_CHANNELS_FILE: path.optional(),
  LEDGER_NATS_REPLICAS: count(1),
  LEDGER_NATS_CREDENTIALS_FILE: path.optional(),
  LEDGER_NATS_ACCOUNT_KEY_FILE: path.optional(),
  LEDGER_NATS_ACCOUNT: z
    .string()
    .regex(/^A[A-Z2-7]{55}$/, 'the public key of an account: A and 55 letters or digits')
    .optional(),
  LEDGER_NATS_DESKTOP_URL: z
    .string()
    .regex(/^(nats|tls):\/\//, 'a nats:// or tls:// URL (several separated by commas)')
    .optional(),
  LEDGER_NATS_DESKTOP_LIFETIME: seconds(900, 1),
  LEDGER_STREAM_MAX_AGE: seconds(604_800, 60),
  LEDGER_DATABASE_POOL: count(10, 2),
  LEDGER_RATE_LIMIT: z.coerce.number().min(0).default(200),
  LEDGER_ADDRESS_RATE_LIMIT: z.coerce.number().min(0).default(1000),
  LEDGER_REQUEST_DEADLINE: z.coerce.number().min(0.1).max(300).default(20),
  LEDGER_CONNECTION_TIMEOUT: z.coerce.number().min(1).max(600).default(60),
  LEDGER_UPDATES_HEARTBEAT: z.coerce.number().min(0.1).max(15).default(15),
  LEDGER_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

type Values = z.output<typeof schema>;

/** The configuration of a service: read once, typed, immutable. Durations are seconds. */
export interface Config {
  dataDir: string;
  /** Absent: `standalone` starts an embedded PostgreSQL; services that run apart refuse to start. */
  databaseUrl?: string;
  natsUrl?: string;
  port: number;
  host: string;
  /** Port of the health server of services without an HTTP surface of their own; 0 = any free one. */
  healthPort: number;
  /** `iss` of every token. */
  issuer: string;
  tls?: { certFile: string; keyFile: string };
  trustedProxies: string[];
  ownerKeyFile: string;
  /** Key that seals secrets at rest: 32 bytes, given directly (base64) or in a file that is made at first start. */
  sealKey: { base64: string } | { file: string };
  defaults: { expiresIn: number; maxRenewals: number; renewalRejectWindow: number };
  limits: { minTtl: number; minLifetime: number; absoluteLifetime: number };
  previousTokenGrace: number;
  sweepInterval: number;
  allowPrivateTargets: string[];
  channelsFile?: string;
  natsReplicas: number;
  /** Credentials of the services where NATS runs in operator mode. */
  natsCredentialsFile?: string;
  /** How desktops get access of their own to NATS in operator mode; absent: they do not. */
  natsDesktops?: { accountKeyFile: string; account?: string; url: string; lifetime: number };
  streamMaxAge: number;
  databasePool: number;
  /** Requests a second, per credential and per source address; bursts of five seconds' worth pass at once. 0 = no limit. */
  rateLimits: { credential: number; address: number };
  /** After this an HTTP request is answered with DEADLINE_EXCEEDED, whatever its handler does. */
  requestDeadline: number;
  /** A connection without a byte either way for so long is closed: also that of a reader that stopped reading. */
  connectionTimeout: number;
  /** How often an update stream says that it stands; clients count on 15 s or less. */
  updatesHeartbeat: number;
  logLevel: Values['LEDGER_LOG_LEVEL'];
}

/** One error that names every wrong key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Environment = Record<string, string | undefined>;

/** Reads the configuration; the environment wins over the file. Throws one `ConfigError` that lists all that is wrong. */
export function loadConfig(environment: Environment): Config {
  const parsed = schema.safeParse({ ...fromFile(environment['LEDGER_CONFIG_FILE']), ...withoutEmpty(environment) });
  if (!parsed.success) {
    throw new ConfigError(describe(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)));
  }
  const contradictions = contradictionsOf(parsed.data);
  if (contradictions.length > 0) throw new ConfigError(describe(contradictions));
  return configOf(parsed.data);
}

/** The configuration of this process. */
export function readConfig(): Config {
  return loadConfig(process.env);
}

function describe(problems: string[]): string {
  return `The configuration is wrong:\n${problems.map((line) => `  - ${line}`).join('\n')}\nSee .env.example for every key.`;
}

function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}

function fromFile(file: string | undefined): Environment {
  if (file === undefined || file === '') return {};
  try {
    return withoutEmpty(parseEnv(readFileSync(file, 'utf8')) as Environment);
  } catch (cause) {
    throw new ConfigError(`LEDGER_CONFIG_FILE cannot be read: ${(cause as Error).message}`, { cause });
  }
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

function contradictionsOf(values: Values): string[] {
  const found: string[] = [];
  const hasTls = values.LEDGER_TLS_CERT_FILE !== undefined && values.LEDGER_TLS_KEY_FILE !== undefined;
  if ((values.LEDGER_TLS_CERT_FILE === undefined) !== (values.LEDGER_TLS_KEY_FILE === undefined)) {
    found.push('LEDGER_TLS_CERT_FILE and LEDGER_TLS_KEY_FILE: give both or neither');
  }
  if (!LOOPBACK.has(values.LEDGER_HOST) && !hasTls && values.LEDGER_TRUSTED_PROXIES.length === 0) {
    found.push(
      `LEDGER_HOST: ${values.LEDGER_HOST} is not loopback: tokens would cross the network in the clear. ` +
        'Set LEDGER_TLS_CERT_FILE and LEDGER_TLS_KEY_FILE, or LEDGER_TRUSTED_PROXIES where a proxy ends TLS',
    );
  }
  if (values.LEDGER_MIN_TTL > values.LEDGER_EXPIRES_IN) found.push('LEDGER_MIN_TTL: above LEDGER_EXPIRES_IN');
  if (values.LEDGER_MIN_LIFETIME > values.LEDGER_ABSOLUTE_LIFETIME) {
    found.push('LEDGER_MIN_LIFETIME: above LEDGER_ABSOLUTE_LIFETIME');
  }
  if (values.LEDGER_CONNECTION_TIMEOUT <= values.LEDGER_UPDATES_HEARTBEAT) {
    found.push('LEDGER_CONNECTION_TIMEOUT: not above LEDGER_UPDATES_HEARTBEAT: quiet update streams would be closed');
  }
  return found;
}

function configOf(values: Values): Config {
  const dataDir = values.LEDGER_DATA_DIR;
  const { LEDGER_TLS_CERT_FILE: certFile, LEDGER_TLS_KEY_FILE: keyFile } = values;
  return {
    dataDir,
    ...(values.DATABASE_URL && { databaseUrl: values.DATABASE_URL }),
    ...(values.NATS_URL && { natsUrl: values.NATS_URL }),
    port: values.LEDGER_PORT,
    host: values.LEDGER_HOST,
    healthPort: values.LEDGER_HEALTH_PORT,
    issuer: values.LEDGER_ISSUER ?? keptIssuer(dataDir) ?? `http://127.0.0.1:${values.LEDGER_PORT || 3100}`,
    ...(certFile && keyFile && { tls: { certFile, keyFile } }),
    trustedProxies: values.LEDGER_TRUSTED_PROXIES,
    ownerKeyFile: values.LEDGER_OWNER_KEY_FILE ?? join(dataDir, 'owner-key'),
    sealKey: values.LEDGER_SEAL_KEY
      ? { base64: values.LEDGER_SEAL_KEY }
      : { file: values.LEDGER_SEAL_KEY_FILE ?? join(dataDir, 'keys', 'seal.key') },
    defaults: {
      expiresIn: values.LEDGER_EXPIRES_IN,
      maxRenewals: values.LEDGER_MAX_RENEWALS,
      renewalRejectWindow: values.LEDGER_RENEWAL_REJECT_WINDOW,
    },
    limits: {
      minTtl: values.LEDGER_MIN_TTL,
      minLifetime: values.LEDGER_MIN_LIFETIME,
      absoluteLifetime: values.LEDGER_ABSOLUTE_LIFETIME,
    },
    previousTokenGrace: values.LEDGER_PREVIOUS_TOKEN_GRACE,
    sweepInterval: values.LEDGER_SWEEP_INTERVAL,
    allowPrivateTargets: values.LEDGER_ALLOW_PRIVATE_TARGETS,
    ...(values.LEDGER_CHANNELS_FILE && { channelsFile: values.LEDGER_CHANNELS_FILE }),
    natsReplicas: values.LEDGER_NATS_REPLICAS,
    ...(values.LEDGER_NATS_CREDENTIALS_FILE && { natsCredentialsFile: values.LEDGER_NATS_CREDENTIALS_FILE }),
    ...natsDesktopsOf(values),
    streamMaxAge: values.LEDGER_STREAM_MAX_AGE,
    databasePool: values.LEDGER_DATABASE_POOL,
    rateLimits: { credential: values.LEDGER_RATE_LIMIT, address: values.LEDGER_ADDRESS_RATE_LIMIT },
    requestDeadline: values.LEDGER_REQUEST_DEADLINE,
    connectionTimeout: values.LEDGER_CONNECTION_TIMEOUT,
    updatesHeartbeat: values.LEDGER_UPDATES_HEARTBEAT,
    logLevel: values.LEDGER_LOG_LEVEL,
  };
}

function natsDesktopsOf(values: Values): Pick<Config, 'natsDesktops'> {
  const url = values.LEDGER_NATS_DESKTOP_URL ?? values.NATS_URL;
  const accountKeyFile = values.LEDGER_NATS_ACCOUNT_KEY_FILE;
  if (accountKeyFile === undefined || url === undefined) return {};
  const account = values.LEDGER_NATS_ACCOUNT;
  const lifetime = values.LEDGER_NATS_DESKTOP_LIFETIME;
  return { natsDesktops: { accountKeyFile, url, lifetime, ...(account !== undefined && { account }) } };
}

/** The configuration as it may be printed: no key, and no password inside a URL. */
export function redactConfig(config: Config): Record<string, unknown> {
  return {
    ...config,
    ...(config.databaseUrl && { databaseUrl: redactUrl(config.databaseUrl) }),
    ...(config.natsUrl && { natsUrl: config.natsUrl.split(',').map(redactUrl).join(',') }),
    ...(config.natsDesktops && {
      natsDesktops: {
        ...config.natsDesktops,
        url: config.natsDesktops.url.split(',').map(redactUrl).join(','),
      },
    }),
    sealKey: 'file' in config.sealKey ? config.sealKey : 'given',
  };
}

/** Parameters of a server's URL that are no secret; drivers take user and password there too. */
const SHOWN_PARAMETERS = new Set(['host', 'port', 'sslmode', 'application_name']);

/** A URL without its user, password and whatever else may be secret in it. */
export function redactUrl(url: string): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  for (const name of [...shown.searchParams.keys()]) {
    if (!SHOWN_PARAMETERS.has(name)) shown.searchParams.delete(name);
  }
  return shown.href;
}
