import { headFindingText } from '#libs/contracts';
import { Gauge, type Logger, type Registry } from '#libs/platform';
import type { ClockStep } from '#libs/database';
import type { HeadDifference } from '#libs/ledger';
import type { Stall } from './horizon/horizon-watch.js';

const STALL_LABELS = ['pid', 'application', 'query'] as const;

/** What the log's leader tells of itself. */
export class SequencerMetrics {
  readonly leading: Gauge;
  readonly position: Gauge;
  readonly relayed: Gauge;
  readonly signed: Gauge;
  readonly forked: Gauge;
  readonly altered: Gauge;
  private readonly clockStep: Gauge;
  private readonly headsDiffering: Gauge;
  private readonly stalled: Gauge<(typeof STALL_LABELS)[number]>;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
    this.leading = gauge('ledger_log_leading', '1 while this process leads the log');
    this.position = gauge('ledger_log_position', 'Position of the newest event');
    this.relayed = gauge('ledger_log_relayed_position', 'Position that JetStream has');
    this.signed = gauge('ledger_log_signed_size', 'Size of the newest signed checkpoint');
    this.forked = gauge('ledger_log_forked', '1 while stream and store tell different histories');
    this.altered = gauge('ledger_log_altered', '1 when the log no longer has a root that was signed');
    this.clockStep = gauge(
      'ledger_clock_step_seconds',
      'By how much the database clock was set in the last five minutes',
    );
    this.headsDiffering = gauge('ledger_heads_differing', 'Heads of the last sample that are not what the log says');
    this.stalled = new Gauge({
      name: 'ledger_log_horizon_stalled_seconds',
      help: 'How long the oldest event has waited for its position, and the transaction that it waits for',
      labelNames: STALL_LABELS,
      registers: [registry],
    });
  }

  heads(differing: HeadDifference[], logger: Logger): void {
    this.headsDiffering.set(differing.length);
    for (const difference of differing) {
      const message = `HEAD_DIFFERS: ${headFindingText(difference)}. See: sledger audit verify --state`;
      logger.error({ code: 'HEAD_DIFFERS', ...difference }, message);
    }
  }

  clock(standingMs: number, step: ClockStep | null, logger: Logger): void {
    this.clockStep.set(Math.round(standingMs / 1000));
    if (step === null) return;
    const way = `${(Math.abs(step.ms) / 1000).toFixed(0)} s ${step.ms < 0 ? 'back' : 'forward'}`;
    logger.error(
      { code: 'CLOCK_STEPPED', stepMs: Math.round(step.ms) },
      step.undone
        ? `CLOCK_STEPPED: the database clock was set ${way}, to where it was`
        : `CLOCK_STEPPED: the database clock was set ${way}. Events keep their order and a stream's times never go back; ` +
            'sessions expire by this clock: if it is wrong, set it right',
    );
  }

  /** One series at a time, gone when the stall is over: the labels name the culprit and never pile up. */
  stall(stall: Stall | null, logger: Logger): void {
    this.stalled.reset();
    if (stall === null) {
      logger.info('events get their position again');
      return;
    }
    const { seconds, holder } = stall;
    this.stalled.set(
      { pid: String(holder?.pid ?? ''), application: holder?.application ?? '', query: holder?.query ?? '' },
      seconds,
    );
    const culprit = holder
      ? `process ${holder.pid ?? '?'} (${holder.application || 'unnamed'}, ${holder.database}) has held a transaction ` +
        `open for ${holder.seconds.toFixed(1)} s: ${holder.query ?? 'its query is not visible to this role'}`
      : 'the transaction that held it has just ended';
    logger.warn({ seconds, holder }, `events wait ${seconds.toFixed(1)} s for their position: ${culprit}`);
  }
}
