const NAME_LENGTH = 80;

/** A name as it may stand in a message: one line, not too long, no control or direction-changing characters. */
export function shortName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').trim();
  const characters = [...plain];
  return characters.length <= NAME_LENGTH ? plain : `${characters.slice(0, NAME_LENGTH - 1).join('')}…`;
}
