import type { InputSize } from '../../geometry/input-size.js';
import { emitOnnx } from './onnx.js';
import type { EfficientNetManifest } from '../architectures/efficientnet-yolov3/manifest.js';
import { foldNetwork, type ReadNetwork, readNetwork } from '../read-network.js';
import { checkOutput } from '../../files/output-place.js';
import { unwritable } from '../../files/reasons.js';
import { writeWhole } from '../../files/write-whole.js';

/** How an ONNX file is to be. */
export interface OnnxExportOptions {
  /** Size of the network's input; the model's own if not given. */
  readonly size?: InputSize | undefined;
  /** Whether the graph ends in boxes and scores instead of raw heads; not by default. */
  readonly boxes?: boolean | undefined;
  /** Whether an existing file may be replaced; not by default. */
  readonly overwrite?: boolean | undefined;
}

/** A line for each of the file's ends, for people: `images: uint8 [batch, 416, 416, 3], RGB`. */
export interface OnnxExport {
  readonly bytes: number;
  readonly ends: readonly string[];
}

/**
 * Writes the network of a model folder as an ONNX file of standard operations with a free batch dimension. The file appears
 * whole or not at all.
 * @throws SightlineError ERR_MODEL_NOT_FOUND, ERR_MODEL_INVALID, ERR_WEIGHTS_INVALID, ERR_SINK_EXISTS, ERR_SINK_UNWRITABLE
 */
export async function exportOnnx(
  modelDir: string,
  file: string,
  { size, boxes = false, overwrite = false }: OnnxExportOptions = {},
): Promise<OnnxExport> {
  if ((await checkOutput(file, { inputs: [modelDir], overwrite })) === 'device')
    throw unwritable(`"${file}"`, undefined, 'it is a device or a pipe; name a file');
  const { manifest, network } = await readNetwork(modelDir, 'exported', size);
  const bytes = emitOnnx(foldNetwork(network), {
    metadata: metadataOf(manifest, boxes),
    decode: boxes ? manifest : undefined,
  });
  await writeWhole(file, bytes);
  return { bytes: bytes.length, ends: endsOf({ manifest, network }, boxes) };
}

/** What a program has to know that is given only this file. Values with parts are JSON. */
function metadataOf(manifest: EfficientNetManifest, boxes: boolean): Record<string, string> {
  const { name, backbone, head, input, classes, anchors, anchorMask } = manifest;
  return {
    name,
    backbone,
    head,
    classes: JSON.stringify(classes),
    anchors: JSON.stringify(anchors),
    anchor_mask: JSON.stringify(anchorMask),
    input_width: String(input.width),
    input_height: String(input.height),
    input_format: 'uint8 NHWC RGB 0-255, scaled inside the graph',
    fit: input.letterbox.fit ?? 'letterbox',
    letterbox_pad: String(input.letterbox.pad),
    output_format: boxes
      ? 'boxes: x1 y1 x2 y2 in pixels of the input, not clipped; scores: objectness x class; no suppression'
      : 'p5, p4, p3: NCHW, for each anchor tx ty tw th objectness classes; no sigmoid',
  };
}

function endsOf({ manifest, network: { graph } }: ReadNetwork, boxes: boolean): string[] {
  const { width, height } = manifest.input;
  const shapes = new Map(graph.nodes.map((node) => [node.name, node.shape]));
  const heads = graph.outputs.map((name) => shapes.get(name)!);
  const images = `images: uint8 [batch, ${height}, ${width}, 3], RGB`;
  if (!boxes) {
    return [
      images,
      ...heads.map(
        (head, index) => `p${5 - index}: float32 [batch, ${head.channels}, ${head.height}, ${head.width}]`,
      ),
    ];
  }
  const rows = heads.reduce(
    (sum, head, i) => sum + manifest.anchorMask[i]!.length * head.height * head.width,
    0,
  );
  return [
    images,
    `boxes: float32 [batch, ${rows}, 4], x1 y1 x2 y2 in pixels of the input`,
    `scores: float32 [batch, ${rows}, ${manifest.classes.length}], objectness x class`,
  ];
}
