/** Weights that other programs trained, as a model of this architecture. */
import type { InputSize } from '../../../geometry/input-size.js';
import { COCO_ANCHORS } from '../../decode/head-anchors.js';
import type { KerasTensor } from '../../weights/keras-layout.js';
import { checkNumbers, type NamedWeights, type Weights } from '../../weights/weights.js';
import { type Letterboxing, MANIFEST_FORMAT, STRETCHED, type Unwritten } from '../base-manifest.js';
import { nameKerasTensors } from './keras-names.js';
import { type EfficientNetManifest, NAME, type Phi, phiOf } from './manifest.js';
import { matchNetwork, type NetworkKind } from './match-network.js';
import { blockNames, headConvs, shapesOf } from './networks.js';
import { isBatchCounter, isPytorchPort, namePytorchTensors } from './pytorch-names.js';

/** What batch norms of the reference add to the variance. */
const EPSILON = 1e-3;

/** Default arguments of the reference. */
const REFERENCE = {
  input: {
    width: 416,
    height: 416,
    channels: 'rgb',
    scale: 1 / 255,
    letterbox: { pad: 128, kernel: 'bicubic' },
  },
  defaults: { confidence: 0.5, iou: 0.3 },
} as const;

/** What a person said about weights; what is left out is taken from their old manifest, else from the reference. */
export interface WeightWishes {
  readonly classes?: EfficientNetManifest['classes'] | undefined;
  readonly anchors?: EfficientNetManifest['anchors'] | undefined;
  readonly anchorMask?: EfficientNetManifest['anchorMask'] | undefined;
  readonly name: string;
  readonly phi?: Phi | undefined;
  readonly size?: InputSize | undefined;
  /** Whether pictures fill the input whatever their shape. */
  readonly stretch?: boolean | undefined;
  /** How the weights are called in messages. */
  readonly origin: string;
}

/** A model that can be written. */
export interface FittedWeights {
  readonly manifest: Unwritten<EfficientNetManifest>;
  /** In the order of the network. */
  readonly weights: Weights;
  /** What was assumed, a sentence each. */
  readonly warnings: readonly string[];
}

/** How weights of other programs become ours. */
export const efficientnetWeights = {
  /** Tensors of a Keras file under our names. */
  nameKeras: (tensors: readonly KerasTensor[]): NamedWeights => nameKerasTensors(tensors, headConvs()),

  /** Whether a tensor of a safetensors file means nothing here. */
  isIdle: isBatchCounter,

  /** Tensors of the PyTorch port under our names; undefined if they are not of it. */
  namePytorch: (tensors: Weights): NamedWeights | undefined =>
    isPytorchPort(tensors.keys()) ? namePytorchTensors(tensors, blockNames, EPSILON) : undefined,

  /**
   * Finds the network that weights are of, and describes it.
   * @throws SightlineError ERR_WEIGHTS_INVALID if they fit none, or are no numbers.
   */
  fit(
    read: NamedWeights & { readonly manifest?: EfficientNetManifest },
    wishes: WeightWishes,
  ): FittedWeights {
    const { manifest: known } = read;
    const phi = wishes.phi ?? (known === undefined ? undefined : phiOf(known));
    const classes = (wishes.classes ?? known?.classes)?.length;
    const kind = matchNetwork(read, { phi, classes }, wishes.origin);
    const weights = inOrder(read.weights, kind, wishes.origin);
    const warnings: string[] = [];
    return { weights, manifest: describe(known, wishes, kind, warnings), warnings };
  },
};

function describe(
  known: EfficientNetManifest | undefined,
  wishes: WeightWishes,
  { phi, classes }: NetworkKind,
  warnings: string[],
): Unwritten<EfficientNetManifest> {
  if (known === undefined && wishes.phi === undefined)
    warnings.push(`phi is ${phi}, by the shapes of the weights`);
  const names = wishes.classes ?? known?.classes;
  if (names === undefined) {
    warnings.push(`the ${classes} classes are called class0 and so on; name them with --classes`);
  }
  const anchors = wishes.anchors ?? known?.anchors;
  if (anchors === undefined) {
    warnings.push('the anchors are those of the reference (COCO at 416); if yours differ, pass --anchors');
  }
  if (known === undefined && wishes.stretch === undefined) {
    warnings.push(
      'pictures keep their shape, on grey borders (letterbox); if yours were stretched when it was trained or tried, pass --stretch',
    );
  }
  const letterbox = letterboxOf(known?.input.letterbox ?? REFERENCE.input.letterbox, wishes.stretch);
  const sameInput = wishes.size === undefined && letterbox.fit === known?.input.letterbox.fit;
  return {
    format: MANIFEST_FORMAT,
    name: wishes.name,
    architecture: NAME,
    backbone: `efficientnet-b${phi}`,
    head: 'yolov3',
    input: { ...(known?.input ?? REFERENCE.input), ...wishes.size, letterbox },
    classes: names ?? Array.from({ length: classes }, (_, index) => `class${index}`),
    anchors: anchors ?? COCO_ANCHORS.anchors,
    anchorMask: wishes.anchorMask ?? known?.anchorMask ?? COCO_ANCHORS.anchorMask,
    batchNormEpsilon: known?.batchNormEpsilon ?? EPSILON,
    defaults: known?.defaults ?? REFERENCE.defaults,
    weights: { file: 'weights.safetensors', layout: 'keras' },
    ...(known?.metrics === undefined || !sameInput ? {} : { metrics: known.metrics }),
  };
}

function letterboxOf(known: Letterboxing, stretch: boolean | undefined): Letterboxing {
  if (stretch === undefined || stretch === (known.fit === 'stretch')) return known;
  return stretch ? { ...known, fit: STRETCHED.fit } : { pad: known.pad, kernel: known.kernel };
}

/** The weights in the order of the network, which must be numbers. */
function inOrder(weights: Weights, { phi, classes }: NetworkKind, origin: string): Weights {
  const names = [...shapesOf(phi, classes).keys()];
  const ordered = new Map(names.map((name) => [name, weights.get(name)!]));
  checkNumbers(ordered, EPSILON, origin);
  return ordered;
}
