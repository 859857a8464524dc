/** Work that goes on beside what started it, in order; its first failure is kept until it is asked for. */
export class UnderWay {
  private readonly work: Promise<void>[] = [];
  private failure: { error: unknown } | null = null;

  constructor(private readonly onFailed: () => void) {}

  get isIdle(): boolean {
    return this.work.length === 0;
  }

  add(work: Promise<void>): void {
    const ended = work
      .catch((error: unknown) => {
        this.failure ??= { error };
        this.onFailed();
      })
      .then(() => void this.work.splice(this.work.indexOf(ended), 1));
    this.work.push(ended);
  }

  /** Resolves when the oldest has ended, well or not. */
  async oldest(): Promise<void> {
    await this.work[0];
  }

  throwIfFailed(): void {
    if (this.failure) throw this.failure.error;
  }
}
