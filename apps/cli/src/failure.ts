/** Why a command failed and what its user does next. Rendered as one line on stderr, or as JSON with `--output json`. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    message: string,
    /** What to do next: a command or a place to look. */
    readonly remedy?: string,
    /** From the server's error table, or of the CLI's own in small letters. */
    readonly code: string = 'failed',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The command was cut short by the user. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Exit codes of `sledger`; documented in docs/cli.md. */
export const EXIT = { done: 0, failed: 1, interrupted: 130 } as const;
