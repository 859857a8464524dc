import { generateKeyPairSync } from 'node:crypto';
import { type CloudEvent, exportedEventOf } from '#libs/contracts';
import { canonicalJson, leafHash, rawPublicKeyOf, rootOf, signCheckpoint, toMicros, verifierKey } from '#libs/proof';

const ORIGIN = 'ledger.test/log/main';
const AGENT = '00000000-0000-7000-8000-000000000001';

/** An export of a whole log as a server writes it, in parts, so that a test can alter them. */
export interface SignedExport {
  key: string;
  header: string;
  events: CloudEvent[];
  /** The signed note over all events. */
  checkpoint: string;
}

/** `count` renewals of three sessions that take turns; each event carries `note`. */
export function signedExport(count: number, note: string): SignedExport {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const signer = { origin: ORIGIN, rawPublicKey: rawPublicKeyOf(publicKey), privateKey };
  const key = verifierKey(ORIGIN, signer.rawPublicKey);
  const events = Array.from({ length: count }, (_, index) => sealed(renewal(index, note)));
  const root = rootOf(events.map(({ leaf }) => Buffer.from(leaf, 'hex')));
  const checkpoint = signCheckpoint({ size: count, root, time: '2026-11-21T00:00:00Z' }, signer);
  return { key, header: JSON.stringify({ format: 'session-ledger-log.v1', keys: [key] }), events, checkpoint };
}

/** The lines of an export, one after the other; every line ends with a line feed. */
export function exportText({ header, checkpoint }: SignedExport, events: readonly (CloudEvent | string)[]): string {
  const lines = events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)));
  return [header, ...lines, JSON.stringify({ checkpoint }), ''].join('\n');
}

/** The event with the leaf that its fields give. */
export function sealed(event: CloudEvent): CloudEvent {
  const { position: _position, leaf: _leaf, data, time, ...fields } = exportedEventOf(event);
  const leaf = leafHash({ ...fields, micros: toMicros(time), payload: canonicalJson(data) });
  return { ...event, leaf: leaf.toString('hex') };
}

function renewal(index: number, note: string): CloudEvent {
  const digits = String(index).padStart(12, '0');
  const sessionId = `00000000-0000-7000-8000-00000000000${index % 3}`;
  return {
    specversion: '1.0',
    id: `00000000-0000-7000-9000-${digits}`,
    source: 'urn:test',
    type: 'ledger.session.renewed.v1',
    subject: sessionId,
    time: new Date(1_790_000_000_000 + index * 1000).toISOString(),
    datacontenttype: 'application/json',
    data: { agentId: AGENT, generation: Math.floor(index / 3) + 1, note, sessionId },
    position: index + 1,
    streamversion: Math.floor(index / 3) + 1,
    actor: `agent:${AGENT}`,
    requestid: 'test',
    leaf: '',
  };
}
