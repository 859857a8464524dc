/** At most so many UTF-16 units, no character cut in two: half of one is no text, and Telegram and PostgreSQL refuse it. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = text.slice(0, limit - 1);
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}
