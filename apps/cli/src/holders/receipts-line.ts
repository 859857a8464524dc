import type { SessionHoldersView } from '#libs/contracts';
import { printable } from '../terminal/printable.js';

/** Who has taken the session's last change, and how fast: `18 of 20 took generation 7 in 240 ms; offline: …`. */
export function receiptsLine({ items, current, generation, ended }: SessionHoldersView): string {
  const took = items.filter(({ standing }) => standing === 'current').map(({ latencyMs }) => latencyMs ?? 0);
  const what = ended ? 'the end of the session' : `generation ${generation}`;
  const time = took.length === 0 ? '' : ` in ${Math.max(...took)} ms`;
  const missing = (['behind', 'offline'] as const)
    .map((standing) => ({
      standing,
      names: items.filter((item) => item.standing === standing).map(({ name }) => name),
    }))
    .filter(({ names }) => names.length > 0)
    .map(({ standing, names }) => `; ${standing}: ${names.map(printable).join(', ')}`);
  return `${current} of ${items.length} took ${what}${time}${missing.join('')}`;
}
