import { PROTOCOL_VERSION_META_KEY, UnsupportedProtocolVersionError } from '@modelcontextprotocol/server';

/** Revisions whose requests name their version themselves; older ones agree on one at `initialize`. */
const SELF_NAMING = ['2026-07-28'];

/**
 * The refusal of a message that names a revision this server does not speak, or null. The library checks this only until a
 * connection has settled on an era; the protocol asks for it at every request.
 */
export function versionRefusal(message: unknown): UnsupportedProtocolVersionError | null {
  const { params } = message as { params?: { _meta?: Record<string, unknown> } };
  const requested = params?._meta?.[PROTOCOL_VERSION_META_KEY];
  if (typeof requested !== 'string' || SELF_NAMING.includes(requested)) return null;
  return new UnsupportedProtocolVersionError({ supported: [...SELF_NAMING], requested });
}
