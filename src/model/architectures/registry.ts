import { didYouMean } from '../../text/nearest-name.js';
import type { Architecture } from './architecture.js';
import type { OnnxArchitecture } from '../onnx/onnx-architecture.js';
import { detr } from './detr/architecture.js';
import { efficientnetYolov3 } from './efficientnet-yolov3/architecture.js';
import { yolov3 } from './yolov3/architecture.js';
import { yolov8 } from './yolov8/architecture.js';
import { yolox } from './yolox/architecture.js';

/** All kinds of detectors. A new one is a folder beside this file, and a line here. */
export const ARCHITECTURES = [efficientnetYolov3, yolox, yolov8, yolov3, detr] as const;

/** The families of detectors that come as ONNX files. */
export const ONNX_ARCHITECTURES = ARCHITECTURES.filter(
  (known): known is OnnxArchitecture & typeof known => 'family' in known,
);

/** What a model.json is of that does not say. */
const UNNAMED = efficientnetYolov3;

function findArchitecture(name: string): Architecture | undefined {
  return ARCHITECTURES.find((known) => known.name === name);
}

/**
 * The architecture that a model.json names.
 * @returns a sentence about the key instead, if there is no such architecture.
 */
export function architectureNamedIn(json: unknown): Architecture | string {
  const name =
    typeof json === 'object' && json !== null && 'architecture' in json ? json.architecture : undefined;
  if (name === undefined) return UNNAMED;
  const known = ARCHITECTURES.map((architecture) => architecture.name);
  const found = typeof name === 'string' ? findArchitecture(name) : undefined;
  if (found !== undefined) return found;
  const hint = typeof name === 'string' ? didYouMean(name, known) : '';
  return `architecture: there is no ${JSON.stringify(name)}${hint}; known are ${known.join(', ')}`;
}

/** The architecture of a manifest that was read. */
export function architectureOf({ architecture }: { readonly architecture: string }): Architecture {
  const found = findArchitecture(architecture);
  if (found === undefined) throw new Error(`no architecture "${architecture}"`);
  return found;
}
