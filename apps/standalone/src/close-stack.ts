/** What was opened, in order, to be closed in the opposite order, whether the start succeeded or not. */
export class CloseStack {
  private readonly entries: { name: string; close: () => Promise<void> | void }[] = [];

  constructor(private readonly onError: (name: string, error: unknown) => void) {}

  push(name: string, close: () => Promise<void> | void): void {
    this.entries.push({ name, close });
  }

  /** Closes everything; one that fails to close keeps no other from it. */
  async close(): Promise<void> {
    for (let entry = this.entries.pop(); entry; entry = this.entries.pop()) {
      try {
        await entry.close();
      } catch (error) {
        this.onError(entry.name, error);
      }
    }
  }
}
