import type { Rational } from '../contract/picture.js';

/** Ticks of a time base in microseconds, rounded to the nearest; exact at any size. */
export function ticksToMicroseconds(ticks: number, timeBase: Rational): number {
  const scaled = ticks * timeBase.num * 1e6;
  if (Number.isSafeInteger(scaled)) return Math.round(scaled / timeBase.den);
  // Nanosecond time bases leave the safe integers within hours. Math.round's rule: halves go up.
  const doubled = 2n * BigInt(ticks) * BigInt(timeBase.num) * 1_000_000n + BigInt(timeBase.den);
  const divisor = 2n * BigInt(timeBase.den);
  const quotient = doubled / divisor;
  return Number(doubled < 0n && quotient * divisor !== doubled ? quotient - 1n : quotient);
}
