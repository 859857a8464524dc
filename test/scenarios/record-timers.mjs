// Preloaded into a process: writes down the longest timer that it ever set, and how many of its regular looks (timers of a second or
// more) have come round, into the file named by TIMERS_FILE.
import { writeFileSync } from 'node:fs';

const { setTimeout: start } = globalThis;
let longest = 0;
let rounds = 0;

globalThis.setTimeout = Object.assign((callback, delay = 0, ...rest) => {
  longest = Math.max(longest, delay);
  const run = (...values) => {
    if (delay >= 1000) {
      rounds += 1;
      writeFileSync(process.env.TIMERS_FILE, JSON.stringify({ longest, rounds }));
    }
    callback(...values);
  };
  return start(run, delay, ...rest);
}, start);
