import type { MessageLanguage } from '#libs/contracts';
import { ENGLISH } from './english.js';
import { KOREAN } from './korean.js';
import type { Phrases } from './phrases.js';

const PHRASES: Record<MessageLanguage, Phrases> = { en: ENGLISH, ko: KOREAN };

export function phrasesOf(language: MessageLanguage): Phrases {
  return PHRASES[language];
}
