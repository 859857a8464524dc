/**
 * Wakes one sleeper early. A call while nobody sleeps makes the next sleep end at once. Sleeps leave nothing behind on the
 * signal, however often: `AbortSignal.any` would keep every one of them for as long as the signal lives.
 */
export class Wake {
  private isCalled = false;
  private end: (() => void) | null = null;

  readonly call = (): void => {
    this.isCalled = true;
    this.end?.();
  };

  /** Resolves after so many milliseconds, at a call, or when the signal is aborted. */
  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (!this.isCalled && !signal.aborted) await this.wait(milliseconds, signal);
    this.isCalled = false;
  }

  private wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.end = null;
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener('abort', end);
      this.end = end;
    });
  }
}
