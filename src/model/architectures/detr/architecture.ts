/**
 * DETR (Carion and others 2020) and its followers (RT-DETR, D-FINE, RF-DETR …): so many queries, each with a box in shares
 * of the picture and logits. DETR's own have one more for "no object" and go through a softmax; those of its followers are
 * independent. In one list, the classes are probabilities already.
 */
import type { OnnxResult } from '../../backends/onnxruntime.js';
import { RowDecoder } from '../../decode/row-decoder.js';
import { onnxArchitecture } from '../../onnx/onnx-architecture.js';
import {
  areProbabilities,
  IMAGENET,
  type OnnxFamily,
  rangeOf,
  type Recognised,
} from '../../onnx/onnx-family.js';

const BOX_VALUES = 4;

const family: OnnxFamily = {
  name: 'detr',
  summary: 'DETR, RT-DETR, D-FINE and others with queries: boxes in shares of the picture, and logits',
  side: 640,
  defaults: {
    channels: 'rgb',
    scale: 1 / 255,
    letterbox: { pad: 0, kernel: 'bilinear', fit: 'stretch' },
    // Each object has one query: there is nothing to suppress.
    defaults: { confidence: 0.5, iou: 1 },
  },
  forms: ['sigmoid', 'softmax', 'rows'],
  recognise(outputs, { classes }) {
    const lists = outputs.filter(({ shape }) => shape.length === 3);
    const pairs = lists.flatMap((boxes) =>
      lists
        .filter((logits) => logits !== boxes && isBoxes(boxes) && logits.shape[1] === boxes.shape[1])
        .map((logits) => ({ boxes, logits })),
    );
    // Files of some exporters also put out what lies between encoder and decoder.
    const pair =
      pairs.find(
        ({ logits }) => classes !== undefined && [classes, classes + 1].includes(logits.shape[2]!),
      ) ?? (pairs.length === 1 ? pairs[0] : undefined);
    if (pair !== undefined) return recognisePair(pair.logits, pair.boxes, classes);
    const [output] = outputs;
    const channels = output?.shape[2] ?? 0;
    if (output?.shape.length !== 3 || outputs.length > 1 || channels <= BOX_VALUES) return EXPECTED;
    if (!areProbabilities(rangeOf(output, 'nhwc', 0, channels))) return EXPECTED;
    return { form: 'rows', outputs: [{ name: output.name, layout: 'nhwc' }], classes: channels - BOX_VALUES };
  },
  createDecoder({ classes, form, input }, thresholds) {
    const toPixels = (box: Float64Array): void => {
      for (let at = 0; at < BOX_VALUES; at++)
        box[at] = box[at]! * (at % 2 === 0 ? input.width : input.height);
    };
    if (form === 'rows') {
      return new RowDecoder({
        channels: [BOX_VALUES + classes.length],
        classes: [0, BOX_VALUES],
        boxes: [0, 0],
        values: 'probability',
        toPixels,
        thresholds,
      });
    }
    return new RowDecoder({
      channels: [classes.length + (form === 'softmax' ? 1 : 0), BOX_VALUES],
      classes: [0, 0],
      boxes: [1, 0],
      values: form === 'softmax' ? 'softmax' : 'sigmoid',
      toPixels,
      thresholds,
    });
  },
};

const EXPECTED =
  'logits [batch, queries, classes] (or one more, for no object) and boxes [batch, queries, 4] from 0 to 1, ' +
  'or one output [batch, queries, 4 + classes] from 0 to 1';

/** DETR and its followers as an ONNX file. */
export const detr = onnxArchitecture(family);

function isBoxes(output: OnnxResult): boolean {
  return output.shape[2] === BOX_VALUES && areProbabilities(rangeOf(output, 'nhwc', 0, BOX_VALUES));
}

function recognisePair(logits: OnnxResult, boxes: OnnxResult, classes: number | undefined): Recognised {
  const count = logits.shape[2]!;
  const softmax = count - 1 === classes;
  const outputs = [logits, boxes].map(({ name }) => ({ name, layout: 'nhwc' as const }));
  // DETR's backbones were trained with these statistics; its followers take samples from 0 to 1 as they are.
  if (softmax) return { form: 'softmax', outputs, classes, defaults: IMAGENET };
  const note =
    `its ${count} logits are taken as classes that are independent of each other; ` +
    `if the last one means "no object", pass --classes with ${count - 1} names`;
  return { form: 'sigmoid', outputs, classes: count, notes: classes === undefined ? [note] : [] };
}
