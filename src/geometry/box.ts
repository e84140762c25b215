/**
 * Overlap of two boxes given by their corners: area of the intersection over area of the union, 0 to 1.
 * Continuous coordinates (no "+ 1" for pixels); 0 when they do not overlap or when both are empty.
 */
export function intersectionOverUnion(
  ax1: number,
  ay1: number,
  ax2: number,
  ay2: number,
  bx1: number,
  by1: number,
  bx2: number,
  by2: number,
): number {
  const width = (ax2 < bx2 ? ax2 : bx2) - (ax1 > bx1 ? ax1 : bx1);
  if (!(width > 0)) return 0;
  const height = (ay2 < by2 ? ay2 : by2) - (ay1 > by1 ? ay1 : by1);
  if (!(height > 0)) return 0;
  const shared = width * height;
  const union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared;
  return union > 0 ? Math.min(1, shared / union) : 0;
}

/** A number to two places. Adding 0 turns −0, which JSON would write as 0 anyway, into 0: what is read back equals it. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}
