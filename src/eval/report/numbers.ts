/** A fraction as people read it in tables of this field: 0.43721 is 43.72. NaN, which stands for "nothing to measure", is –. */
export function percent(fraction: number): string {
  return Number.isNaN(fraction) ? '–' : (100 * fraction).toFixed(2);
}
