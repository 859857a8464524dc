export interface BenchSettings {
  callers: number;
  connections: number;
  sessionsPerCaller: number;
  rounds: number;
  seconds: number;
  /** Size of the log that is projected and verified; what the ladder wrote counts. */
  events: number;
}

/** `npm run bench:ledger -- --rounds 7 --seconds 3 --callers 64 --connections 32 --sessions 1500 --events 1000000` */
export function benchSettings(args: readonly string[] = process.argv.slice(2)): BenchSettings {
  const number = (name: string, fallback: number) => {
    const at = args.indexOf(`--${name}`);
    const value = at < 0 ? fallback : Number(args[at + 1]);
    if (!(value > 0)) throw new Error(`--${name} needs a number above 0`);
    return value;
  };
  return {
    callers: number('callers', 64),
    connections: number('connections', 32),
    sessionsPerCaller: number('sessions', 1_500),
    rounds: number('rounds', 5),
    seconds: number('seconds', 2),
    events: number('events', 200_000),
  };
}
