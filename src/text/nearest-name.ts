import leven from 'leven';

/** The name that was probably meant by a mistyped one, if any is near enough. */
function nearestName(name: string, names: readonly string[]): string | undefined {
  const typed = name.toLowerCase();
  let best: string | undefined;
  // A third of the letters may be wrong, but at least two: "cra" is a car.
  let least = Math.max(2, Math.floor(typed.length / 3)) + 1;
  for (const candidate of names) {
    const distance = leven(typed, candidate.toLowerCase());
    if (distance < least && distance < candidate.length) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** ` (did you mean "…"?)` if a known name is near enough, else nothing. */
export function didYouMean(name: string, names: readonly string[]): string {
  const near = nearestName(name, names);
  return near === undefined ? '' : ` (did you mean "${near}"?)`;
}
