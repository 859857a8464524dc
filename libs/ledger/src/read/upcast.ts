import { EVENT_TYPES, type DomainEvent, type EventType } from '#libs/contracts';

type Data = Record<string, unknown>;

/** Turns the data of one version into that of the next. Pure: it may not look anything up. */
export type Upcaster = (data: Data) => Data;

/** `<type>.v<n>` → data of version n + 1. A published version never changes its meaning; a new need is a new version and an entry here. */
const UPCASTERS: Readonly<Record<string, Upcaster>> = {};

/**
 * Reads an event as the newest version that this code knows.
 * Throws when the store holds a version that is newer than the code: start the newer release instead.
 */
export function upcast(
  type: EventType,
  schemaVersion: number,
  data: Data,
  upcasters = UPCASTERS,
  versions: Readonly<Record<string, { version: number }>> = EVENT_TYPES,
): { type: EventType; schemaVersion: number; data: DomainEvent['data'] } {
  const current = versions[type]?.version;
  if (current === undefined || schemaVersion > current) {
    throw new Error(`event ${type} v${schemaVersion} is newer than this version of the code; start the newer release`);
  }
  let upcasted = data;
  for (let version = schemaVersion; version < current; version += 1) {
    const next = upcasters[`${type}.v${version}`];
    if (!next) throw new Error(`no upcaster leads from ${type} v${version} to v${version + 1}`);
    upcasted = next(upcasted);
  }
  return { type, schemaVersion: current, data: upcasted as unknown as DomainEvent['data'] };
}
