/** `0: 'person'` of a dictionary as Python writes it. */
const ENTRY = /(\d+): (?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;

/**
 * The class names that some exporters leave in a file's metadata, as a Python dictionary under `names`.
 * @returns undefined if there are none, or not one for each number from 0.
 */
export function classNamesIn(metadata: ReadonlyMap<string, string>): readonly string[] | undefined {
  const found = [...(metadata.get('names') ?? '').matchAll(ENTRY)];
  const names = found.map(([, , single, double]) => (single ?? double ?? '').replace(/\\(.)/g, '$1'));
  const inOrder = found.every(([, number], index) => Number(number) === index);
  const sound = names.length > 0 && inOrder && !names.includes('') && new Set(names).size === names.length;
  return sound ? names : undefined;
}
