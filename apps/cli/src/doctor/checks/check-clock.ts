import { duration } from '#libs/contracts';
import type { Check } from '../examination.js';
import { failed, ok, skipped, warning } from '../finding.js';

/** Assertions of a holder are accepted within 60 s. */
const WRONG_MS = 60_000;
const ODD_MS = 5_000;

export const checkClock: Check = ({ clockAhead }) => {
  if (clockAhead === undefined)
    return Promise.resolve([skipped('clock', 'The clocks were not compared: no server answers.')]);
  const off = Math.abs(clockAhead);
  const how = `This machine’s clock is ${duration(off / 1000)} ${clockAhead > 0 ? 'behind' : 'ahead of'} the server’s`;
  const remedy = 'Set the clock (e.g. `timedatectl set-ntp true`).';
  if (off > WRONG_MS) return Promise.resolve([failed('clock', `${how}: proofs of holders are refused.`, remedy)]);
  if (off > ODD_MS) return Promise.resolve([warning('clock', `${how}.`, remedy)]);
  return Promise.resolve([ok('clock', 'The clocks agree.')]);
};
