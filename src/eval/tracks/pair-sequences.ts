import { SightlineError } from '../../errors.js';

/**
 * Finds for each sequence of ground truth its results, by name. One of each belong together whatever their names are.
 * @throws SightlineError ERR_DATASET_INVALID if none have a name in common, or if results are missing: a score over fewer
 * sequences would look like a score over all.
 */
export function pairSequences<T extends { readonly name: string }, R extends { readonly name: string }>(
  truth: readonly T[],
  results: readonly R[],
): { readonly pairs: readonly (readonly [T, R])[]; readonly unused: readonly R[] } {
  if (truth.length === 1 && results.length === 1) return { pairs: [[truth[0]!, results[0]!]], unused: [] };
  const pairs: (readonly [T, R])[] = [];
  const missing: string[] = [];
  for (const sequence of truth) {
    const result = results.find(({ name }) => name === sequence.name);
    if (result === undefined) missing.push(sequence.name);
    else pairs.push([sequence, result]);
  }
  if (pairs.length === 0) {
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `ground truth and results have no sequence in common: ${list(truth)} against ${list(results)}`,
    );
  }
  if (missing.length > 0) {
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `no results for ${missing.join(', ')}; name the sequences to score with --sequences, or give an empty file`,
    );
  }
  const used = new Set(pairs.map(([, result]) => result));
  return { pairs, unused: results.filter((result) => !used.has(result)) };
}

function list(entries: readonly { readonly name: string }[]): string {
  const names = entries.slice(0, 5).map(({ name }) => name);
  const more = entries.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
