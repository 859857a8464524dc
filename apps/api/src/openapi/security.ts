import { HOLDER_ASSERTION_HEADER, type Credential } from '#libs/contracts';
import type { JsonSchema } from './schemas.js';

export const SECURITY_SCHEMES: Record<string, JsonSchema> = {
  sessionToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A session’s current token.' },
  holderAssertion: {
    type: 'apiKey',
    in: 'header',
    name: HOLDER_ASSERTION_HEADER,
    description: 'A JWT signed with the holder’s key for this method and URL (RFC 7523).',
  },
  ownerPassword: { type: 'apiKey', in: 'header', name: 'X-Master-Password', description: 'The owner’s password.' },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key `sl_key_…` with the role that the operation names.',
  },
};

/** Alternatives, as OpenAPI lists them. */
export function securityOf(credentials: readonly Credential[]): JsonSchema[] {
  const alternatives = new Set<string>();
  for (const credential of credentials) {
    switch (credential) {
      case 'none':
        return [];
      case 'session':
        alternatives.add('sessionToken');
        break;
      case 'holder':
        alternatives.add('holderAssertion');
        break;
      case 'owner':
        alternatives.add('ownerPassword').add('apiKey');
        break;
      case 'auditor':
      case 'resource':
        alternatives.add('apiKey');
        break;
    }
  }
  return [...alternatives].map((name) => ({ [name]: [] }));
}
