import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { acceptForRenewal, acceptForUse, readToken, verifyAssertion } from '#libs/commands';
import { LedgerError } from '#libs/contracts';
import type { HolderHead } from '#libs/ledger';
import { Context, type ApiContext } from '../api-context.js';
import { isRefusal } from '../problems/refusal-log.js';
import { ACCESS } from './allow.decorator.js';
import type { ApiRequest } from './api-request.js';
import { type Access, isAllowed, type Principal } from './principal.js';
import { type Credential, readCredential } from './read-credential.js';

/** Finds out who asks, on every route, and refuses what the route does not take. */
@Injectable()
export class CredentialsGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Context() private readonly context: ApiContext,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access[] | undefined>(ACCESS, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    if (!access) throw new LedgerError('FORBIDDEN', { detail: 'The route says nothing of who may use it.' });
    if (access.length === 1 && access[0] === 'public') return true;
    const request = execution.switchToHttp().getRequest<ApiRequest>();
    try {
      request.principal = await this.allowedPrincipal(request, access);
    } catch (error) {
      // Who needs no credential is not refused for a bad one: it counts for nothing.
      if (!access.includes('public') || !(error instanceof LedgerError && isRefusal(error.code))) throw error;
      this.context.refusals.tell(error.code, request);
    }
    return true;
  }

  private async allowedPrincipal(request: ApiRequest, access: Access[]): Promise<Principal> {
    const credential = readCredential(request);
    request.presented = { credential: credential.kind };
    const principal = await this.principalOf(credential, request, access);
    request.presented = { ...request.presented, actor: principal.actor };
    if (!isAllowed(principal, access)) throw new LedgerError('FORBIDDEN');
    return principal;
  }

  private async principalOf(credential: Credential, request: ApiRequest, access: Access[]): Promise<Principal> {
    switch (credential.kind) {
      case 'none':
        throw new LedgerError('TOKEN_MISSING');
      case 'password':
        return {
          kind: 'owner',
          actor: 'owner',
          agents: null,
          stillAccepted: await this.context.ownerPassword.check(credential.password, request.ip),
        };
      case 'api-key':
        return this.keyHolder(credential.secret);
      case 'holder':
        return this.holder(await this.verifiedHolder(credential.assertion, request));
      case 'session':
        return this.session(credential, request, access);
    }
  }

  private async keyHolder(secret: string): Promise<Principal> {
    const key = await this.context.apiKeys.authenticate(secret);
    if (!key) throw new LedgerError('CREDENTIAL_INVALID');
    return { kind: 'api-key', keyId: key.keyId, role: key.role, actor: `key:${key.keyId}`, agents: key.agents };
  }

  private holder(holder: HolderHead): Principal {
    return { kind: 'holder', actor: `holder:${holder.holderId}`, agents: [holder.agentId], holder };
  }

  private async session(
    { token, assertion }: { token: string; assertion?: string },
    request: ApiRequest,
    access: Access[],
  ): Promise<Principal> {
    const authenticated = await readToken(this.context.commands, token);
    const { head, holderIds } = authenticated.snapshot;
    const { sessionId, agentId } = head;
    const { claims, kid } = authenticated.token;
    request.presented = { credential: 'session', actor: `agent:${agentId}`, sessionId, generation: claims.gen, kid };
    const isRenewal = access.includes('session-renewal');
    if (isRenewal) acceptForRenewal(authenticated);
    else acceptForUse(authenticated);
    const proven = assertion === undefined ? undefined : await this.verifiedHolder(assertion, request);
    const holder = proven && holderIds.includes(proven.holderId) ? proven : undefined;
    // A renewal with another session's holder is one without proof, which the renewal itself refuses and reports.
    if (proven && !holder && !isRenewal) {
      throw new LedgerError('FORBIDDEN', { detail: 'The holder is not one of this session’s.' });
    }
    return {
      kind: 'session',
      actor: `agent:${agentId}`,
      agents: [agentId],
      authenticated,
      ...(holder && { holder }),
    };
  }

  private verifiedHolder(assertion: string, request: ApiRequest): Promise<HolderHead> {
    const { commands, config } = this.context;
    const path = request.url.split('?')[0] ?? '/';
    return verifyAssertion(commands, assertion, { method: request.method, path, issuer: config.issuer });
  }
}
