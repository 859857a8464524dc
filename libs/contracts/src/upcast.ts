import { EVENT_TYPES, type DomainEvent } from './event-types.js';

type Data = Record<string, unknown>;

/** Turns the data of one version into that of the next. Pure: it may not look anything up. */
export type Upcaster = (data: Data) => Data;

/** Newest version by event name. */
export type Versions = Readonly<Record<string, { version: number }>>;

/** `<type>.v<n>` → data of version n + 1. A published version never changes its meaning: a new need is a new version and a line here. */
export const UPCASTERS: Readonly<Record<string, Upcaster>> = {};

/** This code is older than the event it reads, or lacks a step between two versions. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent';
}

/** Data of an event of any known version, as the newest version. Throws UnknownEvent when the store is newer than this code. */
export function upcast(
  event: { type: string; schemaVersion: number; data: unknown },
  upcasters: Readonly<Record<string, Upcaster>> = UPCASTERS,
  versions: Versions = EVENT_TYPES,
): DomainEvent['data'] {
  const { type, schemaVersion } = event;
  const newest = Object.hasOwn(versions, type) ? versions[type]?.version : undefined;
  if (newest === undefined || schemaVersion > newest) {
    throw new UnknownEvent(`${type} v${schemaVersion} is unknown to this version of the code; start the newer release`);
  }
  let data = event.data as Data;
  for (let version = schemaVersion; version < newest; version += 1) {
    const step = upcasters[`${type}.v${version}`];
    if (!step) throw new UnknownEvent(`nothing leads from ${type} v${version} to v${version + 1}`);
    data = step(data);
  }
  return data as unknown as DomainEvent['data'];
}
