/** The terminal of the demo: what happens, and the proof that it did. */
export class Stage {
  private readonly startedAt = performance.now();
  private steps = 0;

  constructor(private readonly write: (text: string) => void = (text) => process.stdout.write(text)) {}

  say(text: string): void {
    this.write(`${text}\n`);
  }

  step(title: string): void {
    this.say(`\n${++this.steps}. ${title}`);
  }

  /** Real output, indented. */
  show(output: string): void {
    for (const line of output.trimEnd().split('\n')) this.say(`     ${line}`);
  }

  observed(text: string): void {
    this.say(`   ✓ ${text}`);
  }

  seconds(): string {
    return ((performance.now() - this.startedAt) / 1000).toFixed(1);
  }
}

/** A step whose result differs from what was promised ends the demo. */
export function expectThat(condition: unknown, promise: string): asserts condition {
  if (!condition) throw new Error(`not observed: ${promise}`);
}
