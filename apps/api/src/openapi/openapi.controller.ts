import { Controller, Get, Header } from '@nestjs/common';
import { programVersion } from '#libs/platform';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { DOCS_CSP, docsPage } from './docs-page.js';
import { type OpenApiDocument, openApiDocument } from './openapi-document.js';

/** The surface described, for machines and for people. */
@Controller()
@Allow('public')
export class OpenApiController {
  private readonly document: OpenApiDocument;
  private readonly page = docsPage(programVersion());

  constructor(@Context() { config }: ApiContext) {
    this.document = openApiDocument({ serverUrl: config.issuer, version: programVersion() });
  }

  @Get('openapi.json')
  openapi(): OpenApiDocument {
    return this.document;
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', DOCS_CSP)
  docs(): string {
    return this.page;
  }
}
