import type { Graph } from './graph.js';

/**
 * The backbone up to stride 4. There a rounding to 8 bits is felt most and little time is spent: with these layers in
 * bfloat16 too, the heads of street-b0 are two to five times further from float32 (test/integration/model, bench/precision.mjs).
 */
const SENSITIVE = /^(stem|block[12])/;

/**
 * Names of the nodes that compute in bfloat16 if a network is to: all but the first stages, the heads' last convolutions,
 * whose values are exponents of sizes and logits, and what makes numbers of the pictures.
 */
export function nodesInBfloat16({ nodes, outputs }: Graph): ReadonlySet<string> {
  const low = nodes.filter(
    ({ op, name }) => op !== 'input' && op !== 'scale' && !SENSITIVE.test(name) && !outputs.includes(name),
  );
  return new Set(low.map(({ name }) => name));
}
