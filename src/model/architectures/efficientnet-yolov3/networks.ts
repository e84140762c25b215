/** The eight networks as weights see them: names and shapes for any number of classes. */
import type { Phi } from './manifest.js';
import { type Graph, weightShapes } from '../../graph/graph.js';
import { buildNetwork } from './yolov3.js';
import type { WeightShapes } from '../../weights/weights.js';

/** All steps of EfficientNet. */
export const PHIS: readonly Phi[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** Names and shapes of the weights of a network. */
export function shapesOf(phi: Phi, classes: number): WeightShapes {
  return weightShapes(graphOf(phi, classes));
}

/** The head's convolutions in the order in which the reference creates them; it is the same at every size. */
export function headConvs(): readonly string[] {
  return graphOf(0, 1)
    .nodes.filter((node) => node.op === 'conv' && /^(five|head|lateral)/.test(node.name))
    .map((node) => node.name);
}

/** Names of the backbone's blocks, for the network that has so many, else for the one that comes nearest. */
export function blockNames(count: number): readonly string[] {
  const lists = PHIS.map((phi) =>
    graphOf(phi, 1)
      .nodes.filter((node) => node.op === 'depthwise')
      .map((node) => node.name.replace(/_dwconv$/, '')),
  );
  return lists.reduce((best, list) =>
    Math.abs(list.length - count) < Math.abs(best.length - count) ? list : best,
  );
}

/** Shapes of weights do not depend on the size of the picture or on what batch norms add. */
function graphOf(phi: Phi, classes: number): Graph {
  return buildNetwork({ phi, classes, width: 32, height: 32, scale: 1, batchNormEpsilon: 1 });
}
