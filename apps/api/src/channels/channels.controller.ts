import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import type { Caller } from '#libs/commands';
import {
  type ChannelView,
  createChannelBody,
  type CreateChannelBody,
  type DeliveryView,
  type List,
  page,
  type Page,
  updateChannelBody,
  type UpdateChannelBody,
} from '#libs/contracts';
import { raiseTrouble, rotated, secretsOf, TargetPolicy, type WrittenChannel } from '#libs/deliveries';
import { type ApiContext, Context } from '../api-context.js';
import { Allow } from '../auth/allow.decorator.js';
import { CalledBy, Who } from '../auth/caller.decorator.js';
import { type Principal, requireEveryAgent } from '../auth/principal.js';
import { pageOfAll } from '../paging/pages.js';
import { IdParam } from '../validation/id-param.js';
import { ZodPipe } from '../validation/zod.pipe.js';
import { channelViewOf } from './channel-view.js';
import { testChannel } from './test-channel.js';

const CHANNEL_KEY = /^\d{6} [0-9a-f-]{36}$/;

type WithSecret = ChannelView & { secret?: string };

@Controller('v1/channels')
export class ChannelsController {
  private readonly policy: TargetPolicy;

  constructor(@Context() private readonly context: ApiContext) {
    this.policy = new TargetPolicy(context.config.allowPrivateTargets);
  }

  /** A webhook's secret that was made here is in this answer and its repetitions, and in no other. */
  @Post()
  @Allow('owner')
  async create(
    @Body(new ZodPipe(createChannelBody)) body: CreateChannelBody,
    @CalledBy() caller: Caller,
  ): Promise<WithSecret> {
    const { type, config, ...wish } = body;
    const { secrets, madeSecret } = secretsOf({ type, config, policy: this.policy, now: Date.now() });
    const written = await this.context.channels.create(wish, secrets, caller);
    return madeSecret === undefined ? channelViewOf(written.channel) : this.withSecret(written);
  }

  /** In the order in which they take their turn. */
  @Get()
  @Allow('owner', 'auditor')
  async list(@Query(new ZodPipe(page)) query: Page, @Who() principal: Principal): Promise<List<ChannelView>> {
    requireEveryAgent(principal, 'Channels are');
    const all = (await this.context.channels.list()).map(channelViewOf);
    const keyOf = ({ priority, id }: ChannelView) => `${String(priority).padStart(6, '0')} ${id}`;
    return pageOfAll(all, { ...query, keyOf, order: 'ascending', valid: (key) => CHANNEL_KEY.test(key) });
  }

  @Get(':id')
  @Allow('owner', 'auditor')
  async show(@IdParam() id: string, @Who() principal: Principal): Promise<ChannelView> {
    requireEveryAgent(principal, 'Channels are');
    return channelViewOf(await this.context.channels.get(id));
  }

  @Patch(':id')
  @Allow('owner')
  async update(
    @IdParam() id: string,
    @Body(new ZodPipe(updateChannelBody)) { config, ...changes }: UpdateChannelBody,
    @CalledBy() caller: Caller,
  ): Promise<ChannelView> {
    const { channels } = this.context;
    if (config === undefined) return channelViewOf((await channels.update(id, changes, caller)).channel);
    const { channel } = await channels.update(id, changes, caller, (current) => {
      return secretsOf({ type: current.type, config, current, policy: this.policy, now: Date.now() }).secrets;
    });
    return channelViewOf(channel);
  }

  /** What was still queued is dropped, and the owner hears of it through the others. */
  @Delete(':id')
  @Allow('owner')
  @HttpCode(204)
  async delete(@IdParam() channelId: string, @CalledBy() caller: Caller): Promise<void> {
    const dropped = await this.context.channels.delete(channelId, caller);
    if (dropped === 0) return;
    const reason = `It was deleted while ${dropped} ${dropped === 1 ? 'alert was' : 'alerts were'} waiting for it. See \`sledger deliveries list --status suppressed\`.`;
    await this.context.commands.database.transaction((client) => raiseTrouble(client, { channelId, reason }));
  }

  @Post(':id/rotate-secret')
  @Allow('owner')
  @HttpCode(200)
  async rotateSecret(@IdParam() id: string, @CalledBy() caller: Caller): Promise<WithSecret> {
    return this.withSecret(
      await this.context.channels.update(id, {}, caller, (current) => rotated(current, Date.now())),
    );
  }

  @Post(':id/test')
  @Allow('owner')
  @HttpCode(200)
  async test(@IdParam() id: string, @CalledBy() { idempotency }: Caller): Promise<DeliveryView> {
    return testChannel(this.context.commands.database, await this.context.channels.get(id), idempotency);
  }

  /** With the secret that the request made, also when it comes again; not any more once the channel has been changed. */
  private async withSecret({ channel, isLatest }: WrittenChannel): Promise<WithSecret> {
    const view = channelViewOf(channel);
    if (!isLatest) return view;
    const secrets = await this.context.channels.secrets(channel.id);
    return secrets.type === 'webhook' ? { ...view, secret: secrets.config.secret } : view;
  }
}
