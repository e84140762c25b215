/** A number to two places. Adding 0 turns −0, which JSON would write as 0 anyway, into 0: what is read back equals it. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}
