import { type CloudEvent } from '#libs/contracts';
import { type Intake } from '#libs/deliveries';
import { type Probe } from '../send-deliveries/probe-points.js';

/** Takes batches of the log in and wakes whoever has something to do by them. */
export class EventIntake {
  constructor(
    private readonly intake: Intake,
    private readonly wake: { dispatcher: () => void; sweep: (sessionIds: string[]) => void },
    private readonly probe: Probe,
  ) {}

  async apply(batch: CloudEvent[]): Promise<void> {
    await this.probe('received');
    const { channels, renewed } = await this.intake.apply(batch);
    await this.probe('recorded');
    if (channels.size > 0) this.wake.dispatcher();
    if (renewed.length > 0) this.wake.sweep(renewed);
  }
}
