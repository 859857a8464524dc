/** The embedded default: everything in one process. */
export async function runStandalone(): Promise<void> {}
