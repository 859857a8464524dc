import { Controller, Get, Header } from '@nestjs/common';
import { JWKS_MAX_AGE, type AuthorizationServerMetadata } from '#libs/contracts';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';

/** RFC 8414: where everything is, for clients that look it up. */
@Controller('.well-known/oauth-authorization-server')
export class MetadataController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get()
  @Allow('public')
  @Header('cache-control', `public, max-age=${JWKS_MAX_AGE}`)
  metadata(): AuthorizationServerMetadata {
    const { issuer } = this.context.config;
    const at = (path: string) => issuer.replace(/\/$/, '') + path;
    return {
      issuer,
      jwks_uri: at('/.well-known/jwks.json'),
      token_endpoint: at('/v1/holders/token'),
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['EdDSA'],
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:jwt-bearer'],
      response_types_supported: [],
      introspection_endpoint: at('/oauth/introspect'),
      introspection_endpoint_auth_methods_supported: ['Bearer'],
      revocation_endpoint: at('/oauth/revoke'),
      revocation_endpoint_auth_methods_supported: ['none'],
      service_documentation: at('/docs'),
    };
  }
}
