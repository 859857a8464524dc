import { z } from 'zod';
import { uuid } from './common.js';

/** Body of `POST /oauth/introspect` and `POST /oauth/revoke` (form-encoded). Parameters that are not known are ignored, as the RFCs ask. */
export const tokenParameter = z.object({ token: z.string().min(1), token_type_hint: z.string().optional() });
export type TokenParameter = z.infer<typeof tokenParameter>;

/** RFC 7662. Times are epoch seconds. A token that is not accepted now answers `{ "active": false }` and nothing else. */
export const introspection = z.union([
  z.object({
    active: z.literal(true),
    token_type: z.literal('Bearer'),
    iss: z.string(),
    aud: z.union([z.string(), z.array(z.string())]),
    sub: uuid,
    client_id: uuid,
    sid: uuid,
    jti: uuid,
    /** Generation of the token. */
    gen: z.int(),
    iat: z.int(),
    exp: z.int(),
    scope: z.string().optional(),
    /** The largest amount of one transaction, where the session has one. */
    max_amount_per_tx: z.string().optional(),
  }),
  z.object({ active: z.literal(false) }),
]);
export type Introspection = z.infer<typeof introspection>;

/** RFC 8414. */
export const authorizationServerMetadata = z.object({
  issuer: z.url(),
  jwks_uri: z.url(),
  token_endpoint: z.url(),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  token_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  response_types_supported: z.array(z.string()),
  introspection_endpoint: z.url(),
  introspection_endpoint_auth_methods_supported: z.array(z.string()),
  revocation_endpoint: z.url(),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
  service_documentation: z.url(),
});
export type AuthorizationServerMetadata = z.infer<typeof authorizationServerMetadata>;
