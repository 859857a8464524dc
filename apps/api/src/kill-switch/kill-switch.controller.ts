import { Body, Controller, Delete, Get, Put } from '@nestjs/common';
import { activateKillSwitch, type Caller, releaseKillSwitch } from '#libs/commands';
import { killSwitchBody, type KillSwitchBody, type KillSwitchView } from '#libs/contracts';
import type { KillSwitch } from '#libs/ledger';
import { toRfc3339 } from '#libs/session';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy } from '../auth/caller.decorator.js';
import { ZodPipe } from '../validation/zod.pipe.js';

@Controller('v1/kill-switch')
export class KillSwitchController {
  constructor(@Context() private readonly context: ApiContext) {}

  @Get()
  @Allow('owner', 'auditor')
  async show(): Promise<KillSwitchView> {
    return killSwitchViewOf(await this.context.commands.heads.killSwitch());
  }

  @Put()
  @Allow('owner')
  async activate(
    @Body(new ZodPipe(killSwitchBody)) { reason, revokeSessions = false }: KillSwitchBody,
    @CalledBy() caller: Caller,
  ): Promise<KillSwitchView> {
    const how = { revokeSessions, ...(reason !== undefined && { reason }) };
    const { revokedSessions, ...killSwitch } = await activateKillSwitch(this.context.commands, how, caller);
    return { ...killSwitchViewOf(killSwitch), revokedSessions };
  }

  @Delete()
  @Allow('owner')
  async release(@CalledBy() caller: Caller): Promise<KillSwitchView> {
    return killSwitchViewOf(await releaseKillSwitch(this.context.commands, {}, caller));
  }
}

function killSwitchViewOf({ active, reason, changedAt }: KillSwitch): KillSwitchView {
  return { active, reason, changedAt: changedAt === 0 ? null : toRfc3339(changedAt) };
}
