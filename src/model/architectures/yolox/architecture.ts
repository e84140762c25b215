/**
 * YOLOX (Ge and others 2021). A row for each cell of the grids of strides 8, 16 and 32: box, objectness, classes, the last
 * two as probabilities. Its exporter leaves boxes in cells of their grid unless it is told to decode them; what is in a
 * file is seen from the numbers.
 */
import type { OnnxResult } from '../../backends/onnxruntime.js';
import { RowDecoder } from '../../decode/row-decoder.js';
import { onnxArchitecture } from '../../onnx/onnx-architecture.js';
import {
  areProbabilities,
  cellsOf,
  type OnnxFamily,
  rangeOf,
  stridesOf,
  type WantedOutputs,
} from '../../onnx/onnx-family.js';

const OBJECTNESS = 4;
const BOX_VALUES = 5;

const family: OnnxFamily = {
  name: 'yolox',
  summary: 'YOLOX: boxes, objectness and classes for each cell of its grids, decoded or not',
  side: 640,
  // yolox/data/data_augment.py and demo/ONNXRuntime of the YOLOX repository.
  defaults: {
    channels: 'bgr',
    scale: 1,
    letterbox: { pad: 114, kernel: 'bilinear', placement: 'top-left' },
    defaults: { confidence: 0.3, iou: 0.45 },
  },
  forms: ['grid', 'pixels'],
  recognise(outputs, wanted) {
    const [output] = outputs;
    const [, rows = 0, channels = 0] = output?.shape ?? [];
    const strides = stridesOf(wanted, rows);
    if (output?.shape.length !== 3 || outputs.length > 1 || strides === undefined || channels <= BOX_VALUES) {
      const cells = cellsOf(wanted, [8, 16, 32]);
      return `one output [batch, ${cells}, 5 + classes], a row for each cell of strides 8, 16 and 32 at ${wanted.width}x${wanted.height}`;
    }
    if (!areProbabilities(rangeOf(output, 'nhwc', OBJECTNESS, channels))) {
      return 'objectness and classes as probabilities, from 0 to 1';
    }
    return {
      form: isDecoded(output, gridOf(wanted, strides)) ? 'pixels' : 'grid',
      outputs: [{ name: output.name, layout: 'nhwc' }],
      classes: channels - BOX_VALUES,
    };
  },
  createDecoder({ classes, form, input }, thresholds) {
    let grid: Grid | undefined;
    return new RowDecoder({
      channels: [BOX_VALUES + classes.length],
      classes: [0, BOX_VALUES],
      boxes: [0, 0],
      objectness: OBJECTNESS,
      values: 'probability',
      toPixels(box, row, rows) {
        if (form === 'pixels') return;
        grid ??= gridOf(input, stridesOf(input, rows) ?? []);
        const stride = grid.strides[row]!;
        box[0] = (box[0]! + grid.columns[row]!) * stride;
        box[1] = (box[1]! + grid.rows[row]!) * stride;
        box[2] = Math.exp(box[2]!) * stride;
        box[3] = Math.exp(box[3]!) * stride;
      },
      thresholds,
    });
  },
};

/** YOLOX as an ONNX file. */
export const yolox = onnxArchitecture(family);

/** For each row of the output the cell that it belongs to. */
interface Grid {
  readonly columns: Float64Array;
  readonly rows: Float64Array;
  readonly strides: Float64Array;
}

function gridOf(size: Pick<WantedOutputs, 'width' | 'height'>, strides: readonly number[]): Grid {
  const count = cellsOf(size, strides);
  const [columns, rows, steps] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  let at = 0;
  for (const stride of strides) {
    const width = Math.ceil(size.width / stride);
    for (let cell = 0; cell < width * Math.ceil(size.height / stride); cell++, at++) {
      columns[at] = cell % width;
      rows[at] = Math.floor(cell / width);
      steps[at] = stride;
    }
  }
  return { columns, rows, strides: steps };
}

/** Whether most centres lie near their cell in pixels, and not near 0 as they do before the grid is added. */
function isDecoded({ data, shape }: OnnxResult, { columns, rows, strides }: Grid): boolean {
  const channels = shape[2]!;
  let votes = 0;
  for (let row = 0; row < strides.length; row++) {
    const [x, y] = [data[row * channels]!, data[row * channels + 1]!];
    const [column, line, stride] = [columns[row]! + 0.5, rows[row]! + 0.5, strides[row]!];
    const asPixels = Math.hypot(x / stride - column, y / stride - line);
    const asCells = Math.hypot(x - 0.5, y - 0.5);
    votes += asPixels < asCells ? 1 : -1;
  }
  return votes > 0;
}
