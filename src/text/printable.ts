/**
 * Text as a terminal may get it. Names of files, models, classes and sources are other people's: raw, they could move the cursor,
 * forge a line or turn what stands around them.
 */

/** Controls (C0, DEL, C1), line separators, marks and overrides of the direction of text, and the byte order mark. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** A text in one line: what cannot be printed is written as in JSON, `\n` or `\u001b`, so that JSON stays the same JSON. */
export function oneLine(text: string): string {
  return text.replace(UNPRINTABLE, escapeOf);
}

/** The same of a text whose line breaks and tabs are its own. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (sign) => (sign === '\n' || sign === '\t' ? sign : escapeOf(sign)));
}

function escapeOf(sign: string): string {
  const json = JSON.stringify(sign).slice(1, -1);
  return json === sign ? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}` : json;
}
