/**
 * YOLOv3 (Redmon and Farhadi 2018) and those that kept its anchors (YOLOv4, v5, v7): three raw heads, or all boxes in one
 * list with pixels and probabilities.
 */
import type { OnnxResult } from '../../backends/onnxruntime.js';
import { COCO_ANCHORS } from '../../decode/head-anchors.js';
import { RowDecoder } from '../../decode/row-decoder.js';
import { Yolov3Decoder } from '../../decode/yolov3-decoder.js';
import { onnxArchitecture } from '../../onnx/onnx-architecture.js';
import {
  areProbabilities,
  cellsOf,
  type OnnxFamily,
  rangeOf,
  stridesOf,
  type WantedOutputs,
} from '../../onnx/onnx-family.js';

const ANCHORS = 3;
const OBJECTNESS = 4;
const BOX_VALUES = 5;
const STRIDES = [32, 16, 8] as const;

const family: OnnxFamily = {
  name: 'yolov3',
  summary: 'YOLOv3, and YOLOv4, v5 and v7 in one list: anchors, objectness and classes',
  side: 640,
  defaults: {
    channels: 'rgb',
    scale: 1 / 255,
    letterbox: { pad: 114, kernel: 'bilinear' },
    defaults: { confidence: 0.25, iou: 0.45 },
  },
  forms: ['heads', 'rows'],
  recognise(outputs, wanted) {
    if (outputs.length === STRIDES.length) return recogniseHeads(outputs, wanted) ?? expectation(wanted);
    const [output] = outputs;
    const [, rows = 0, channels = 0] = output?.shape ?? [];
    const cells = rows / ANCHORS;
    if (output?.shape.length !== 3 || outputs.length > 1 || stridesOf(wanted, cells) === undefined) {
      return expectation(wanted);
    }
    if (!areProbabilities(rangeOf(output, 'nhwc', OBJECTNESS, channels))) {
      return 'objectness and classes as probabilities, from 0 to 1';
    }
    return { form: 'rows', outputs: [{ name: output.name, layout: 'nhwc' }], classes: channels - BOX_VALUES };
  },
  createDecoder({ classes, form, input, anchors, anchorMask }, thresholds) {
    if (form === 'heads') {
      return new Yolov3Decoder({
        anchors: anchors ?? COCO_ANCHORS.anchors,
        anchorMask: anchorMask ?? COCO_ANCHORS.anchorMask,
        inputWidth: input.width,
        inputHeight: input.height,
        thresholds,
        clip: true,
      });
    }
    return new RowDecoder({
      channels: [BOX_VALUES + classes.length],
      classes: [0, BOX_VALUES],
      boxes: [0, 0],
      objectness: OBJECTNESS,
      values: 'probability',
      toPixels: () => undefined,
      thresholds,
    });
  },
};

/** YOLOv3 as an ONNX file. */
export const yolov3 = onnxArchitecture(family);

function recogniseHeads(
  outputs: readonly OnnxResult[],
  { width, height }: WantedOutputs,
): ReturnType<OnnxFamily['recognise']> | undefined {
  const found = STRIDES.map((stride) => {
    const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
    for (const output of outputs) {
      const [, a, b, c] = output.shape;
      if (output.shape.length !== 4) continue;
      if (b === rows && c === columns) return { output, layout: 'nchw' as const, channels: a! };
      if (a === rows && b === columns) return { output, layout: 'nhwc' as const, channels: c! };
    }
    return undefined;
  });
  const heads = found.filter((head) => head !== undefined);
  const classes = (heads[0]?.channels ?? 0) / ANCHORS - BOX_VALUES;
  const alike = heads.every(({ channels }) => channels === heads[0]?.channels);
  if (heads.length < STRIDES.length || !alike || !(classes >= 1) || !Number.isInteger(classes))
    return undefined;
  return {
    form: 'heads',
    outputs: heads.map(({ output, layout }) => ({ name: output.name, layout })),
    classes,
    // darknet's letterbox and thresholds.
    defaults: {
      letterbox: { pad: 128, kernel: 'bilinear' },
      defaults: { confidence: 0.5, iou: 0.45 },
    },
    anchors: true,
  };
}

function expectation(wanted: WantedOutputs): string {
  const grids = STRIDES.map(
    (stride) => `${Math.ceil(wanted.height / stride)}x${Math.ceil(wanted.width / stride)}`,
  );
  return (
    `three raw heads of ${ANCHORS} x (5 + classes) channels on grids of ${grids.join(', ')}, ` +
    `or one output [batch, ${ANCHORS * cellsOf(wanted, STRIDES)}, 5 + classes]`
  );
}
