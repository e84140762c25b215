/** What `smallestEigenvectors` finds. */
export interface SmallestEigen {
  readonly values: { readonly second: number; readonly largest: number };
  /** The unit eigenvector of the smallest eigenvalue. */
  readonly vector: Float64Array;
}

const MOST_SWEEPS = 60;

/**
 * Eigenvalues of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan 2013, section 8.5).
 * @param matrix `size` × `size`, row by row; destroyed.
 */
export function smallestEigenvectors(matrix: Float64Array, size: number): SmallestEigen {
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  for (let sweep = 0; sweep < MOST_SWEEPS && offDiagonal(matrix, size) > 0; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) rotate(matrix, vectors, size, p, q);
    }
  }
  const order = Array.from({ length: size }, (_, i) => i).sort(
    (i, k) => matrix[i * size + i]! - matrix[k * size + k]!,
  );
  const valueAt = (rank: number) => Math.max(0, matrix[order[rank]! * (size + 1)]!);
  return {
    values: { second: valueAt(1), largest: valueAt(size - 1) },
    vector: Float64Array.from({ length: size }, (_, row) => vectors[row * size + order[0]!]!),
  };
}

function offDiagonal(matrix: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) for (let k = 0; k < i; k++) sum += matrix[i * size + k]! ** 2;
  return sum;
}

/** Makes the element at (p, q) zero. */
function rotate(matrix: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const element = matrix[p * size + q]!;
  if (element === 0) return;
  const ratio = (matrix[q * size + q]! - matrix[p * size + p]!) / (2 * element);
  const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.sqrt(ratio * ratio + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let k = 0; k < size; k++) turn(matrix, k * size + p, k * size + q, cosine, sine);
  for (let k = 0; k < size; k++) turn(matrix, p * size + k, q * size + k, cosine, sine);
  for (let k = 0; k < size; k++) turn(vectors, k * size + p, k * size + q, cosine, sine);
  matrix[p * size + q] = 0;
  matrix[q * size + p] = 0;
}

function turn(values: Float64Array, i: number, k: number, cosine: number, sine: number): void {
  const one = values[i]!;
  const other = values[k]!;
  values[i] = cosine * one - sine * other;
  values[k] = sine * one + cosine * other;
}
