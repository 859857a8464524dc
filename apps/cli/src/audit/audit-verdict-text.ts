import { type AuditState, headFindingText } from '#libs/contracts';
import type { VerifyReport } from '#libs/proof';
import { printable } from '../terminal/printable.js';
import type { Style } from '../terminal/style.js';

const SHOWN = 10;

/** All pages of the server's comparison together. */
export type ComparedState = Pick<AuditState, 'checked' | 'differing'>;

/** What was found, and what it does not prove. */
export function verdictText(
  style: Style,
  report: VerifyReport,
  state: ComparedState | null,
  keyFromExport: boolean,
): string {
  const { events, findings, findingCount, proven, witnessed } = report;
  const differing = (state?.differing ?? []).map(headFindingText);
  const bad = [...findings.map(({ message }) => message), ...differing];
  const count = findingCount + differing.length;
  if (count > 0) {
    return [
      style.paint(`✗ ${events} entries, ${count} problem(s):`, 'red'),
      ...bad.slice(0, SHOWN).map((line) => `  ${printable(line)}`),
      ...(count > SHOWN ? [`  … and ${count - SHOWN} more`] : []),
    ].join('\n');
  }
  const unsigned = events - Math.max(proven, witnessed);
  return [
    style.paint(`✓ ${events} entries are exactly as they were recorded.`, 'green'),
    ...(unsigned > 0 ? [`  The last ${unsigned} are not signed yet.`] : []),
    witnessed > 0
      ? `  Complete up to entry ${witnessed}, as a witness says.`
      : '  Consistent; completeness is not provable without a witness (--witness).',
    ...(keyFromExport ? ['  The key was taken from the export: compare it with one that you keep (--key).'] : []),
    ...(state === null ? [] : [`  All ${state.checked} heads are what their events say.`]),
  ].join('\n');
}
