/**
 * YOLOv8 and its followers (YOLOv9, v10, 11, 12 …) as their usual exporter writes them: boxes in pixels and class
 * probabilities for each cell, no objectness; or finished detections, from the ones that need no suppression.
 */
import { RowDecoder } from '../../decode/row-decoder.js';
import { onnxArchitecture } from '../../onnx/onnx-architecture.js';
import { areProbabilities, cellsOf, type OnnxFamily, rangeOf, stridesOf } from '../../onnx/onnx-family.js';
import { END_TO_END_VALUES, EndToEndDecoder } from './end-to-end-decoder.js';

const BOX_VALUES = 4;
/** Boxes between 0 and this are shares of the picture and not pixels. */
const LARGEST_SHARE = 2;
/** More finished detections than any exporter keeps. */
const MOST_DETECTIONS = 1000;

const family: OnnxFamily = {
  name: 'yolov8',
  summary: 'YOLOv8 and its followers: boxes and classes without objectness, or finished detections',
  side: 640,
  defaults: {
    channels: 'rgb',
    scale: 1 / 255,
    letterbox: { pad: 114, kernel: 'bilinear' },
    defaults: { confidence: 0.25, iou: 0.7 },
  },
  forms: ['rows', 'end-to-end'],
  recognise(outputs, wanted) {
    const [output] = outputs;
    const [, first = 0, second = 0] = output?.shape ?? [];
    if (output?.shape.length !== 3 || outputs.length > 1) {
      const cells = cellsOf(wanted, [8, 16, 32]);
      return `one output [batch, 4 + classes, ${cells}], or the same with rows and columns exchanged, or [batch, 300, 6]`;
    }
    const { name } = output;
    const wantedChannels = wanted.classes === undefined ? undefined : BOX_VALUES + wanted.classes;
    const isGrid = stridesOf(wanted, first) !== undefined;
    if (second === END_TO_END_VALUES && first <= MOST_DETECTIONS && !isGrid && first !== wantedChannels) {
      const outputList = [{ name, layout: 'nhwc' as const }];
      const defaults = { defaults: { ...family.defaults.defaults, iou: 1 } };
      return { form: 'end-to-end', outputs: outputList, classes: undefined, defaults };
    }
    const layout = layoutOf([first, second], wantedChannels, isGrid);
    const channels = layout === 'nchw' ? first : second;
    if (channels <= BOX_VALUES) return 'four numbers of a box and some of classes in each row';
    if (!areProbabilities(rangeOf(output, layout, BOX_VALUES, channels))) {
      return 'classes as probabilities, from 0 to 1, behind the four numbers of a box';
    }
    if (rangeOf(output, layout, 0, BOX_VALUES).most < LARGEST_SHARE) return 'boxes in pixels of the input';
    return { form: 'rows', outputs: [{ name, layout }], classes: channels - BOX_VALUES };
  },
  createDecoder({ classes, form }, thresholds) {
    if (form === 'end-to-end') return new EndToEndDecoder(thresholds);
    return new RowDecoder({
      channels: [BOX_VALUES + classes.length],
      classes: [0, BOX_VALUES],
      boxes: [0, 0],
      values: 'probability',
      toPixels: () => undefined,
      thresholds,
    });
  },
};

/** YOLOv8 and its followers as an ONNX file. */
export const yolov8 = onnxArchitecture(family);

/** Which of the two axes is that of the channels: the one that fits the classes, or is no grid, or is shorter. */
function layoutOf(
  [first, second]: readonly [number, number],
  channels: number | undefined,
  isGrid: boolean,
): 'nchw' | 'nhwc' {
  if (first === channels) return 'nchw';
  if (second === channels || isGrid) return 'nhwc';
  return first < second ? 'nchw' : 'nhwc';
}
