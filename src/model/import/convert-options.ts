/** What can be said about a conversion, and what is told of it. */
import type { InputSize } from '../../geometry/input-size.js';
import type { InputSettings, ModelManifest } from '../architectures/base-manifest.js';
import type { EfficientNetManifest, Phi } from '../architectures/efficientnet-yolov3/manifest.js';
import type { Precision, Rounding } from '../weights/write-safetensors.js';
import type { ReadInput } from './read-input.js';

/** How pictures are prepared for a network; what its family's own programs do where nothing is said. */
export interface PictureOptions {
  readonly channels?: InputSettings['channels'] | undefined;
  /** What a sample of 0 to 255 is multiplied with. */
  readonly scale?: number | undefined;
  /** Mean and standard deviation of each channel after that; null for none. */
  readonly normalise?: Pick<InputSettings, 'mean' | 'std'> | null | undefined;
  /** Grey level of the borders, 0 to 255. */
  readonly pad?: number | undefined;
  readonly placement?: 'centre' | 'top-left' | undefined;
  /** Whether pictures fill the whole input, whatever their shape. */
  readonly stretch?: boolean | undefined;
}

/** What `convertModel` makes of what. Where something is left out, a model folder's own manifest is asked first. */
export interface ConvertOptions extends PictureOptions {
  /** A Keras .h5, a .safetensors, a model folder, or an .onnx that another program exported. */
  readonly input: string;
  /** The model folder to write. */
  readonly out: string;
  /** Text file of class names. */
  readonly classes?: string | undefined;
  /** What the outputs of an .onnx mean: a family of detectors, such as `yolox`. Options of pictures belong to it. */
  readonly decode?: string | undefined;
  /** Text file of anchors. */
  readonly anchors?: string | undefined;
  /** For each head, coarse to fine, the indices of its anchors. */
  readonly anchorMask?: EfficientNetManifest['anchorMask'] | undefined;
  readonly phi?: Phi | undefined;
  /** 416 × 416 if nothing else is known. */
  readonly size?: InputSize | undefined;
  /** The folder's name if nothing else is known. */
  readonly name?: string | undefined;
  /** float32 if not given. */
  readonly precision?: Precision | undefined;
  readonly overwrite?: boolean | undefined;
}

/** What was written. */
export interface Conversion {
  readonly manifest: ModelManifest;
  /** What kind of network it is: `efficientnet-b0-yolov3`. */
  readonly title: string;
  readonly source: ReadInput['source'] | 'ONNX';
  readonly parameters: number;
  /** Size of the weights file. */
  readonly bytes: number;
  readonly rounding: Rounding;
  /** What was assumed because nobody said it, a sentence each. */
  readonly warnings: readonly string[];
}
