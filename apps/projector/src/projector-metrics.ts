import { Counter, Gauge, type Registry } from '#libs/platform';

/** What the projector tells of itself. */
export class ProjectorMetrics {
  readonly position: Gauge;
  readonly parked: Gauge;
  readonly applied: Counter;

  constructor(registry: Registry) {
    this.position = new Gauge({
      name: 'ledger_projector_position',
      help: 'Position that the read models have reached',
      registers: [registry],
    });
    this.parked = new Gauge({
      name: 'ledger_projector_parked',
      help: '1 while an event cannot be applied',
      registers: [registry],
    });
    this.applied = new Counter({
      name: 'ledger_projector_events_total',
      help: 'Events applied by this process',
      registers: [registry],
    });
  }
}
