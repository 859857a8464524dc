/** Ends a start that was interrupted; nothing to report. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Ctrl-C, SIGTERM, a closed terminal, or the death of the bootstrap that started us. Repeats are ignored. */
export class StopSignal {
  readonly received: Promise<void>;
  requested = false;

  constructor() {
    this.received = new Promise((resolve) => {
      const receive = (): void => {
        this.requested = true;
        resolve();
      };
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, receive);
      process.once('disconnect', receive);
    });
  }

  /** Between two steps of the start. */
  check(): void {
    if (this.requested) throw new Interrupted('interrupted');
  }
}
