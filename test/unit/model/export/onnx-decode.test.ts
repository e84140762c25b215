import { describe, expect, it } from 'vitest';
import { emitDecode } from '../../../../src/model/architectures/efficientnet-yolov3/onnx-decode.js';
import { OnnxGraphWriter } from '../../../../src/model/export/onnx-graph.js';

const anchors = Array.from({ length: 9 }, (_, at) => [10 + at, 20 + at] as const);
const input = { height: 32, width: 64, channels: 3 };
const heads = ['p5', 'p4', 'p3'].map((value, index) => ({
  value,
  height: 2 ** index,
  width: 2 ** (index + 1),
  channels: 21,
}));

describe('ONNX with decode in the graph', () => {
  it('ends in boxes and scores, and holds what it is told about the model', () => {
    const writer = new OnnxGraphWriter();
    emitDecode(writer, heads, {
      anchors,
      anchorMask: [
        [6, 7, 8],
        [3, 4, 5],
        [0, 1, 2],
      ],
      input,
    });
    const text = Buffer.from(writer.finish({ name: 'été' })).toString('utf8');
    for (const part of ['boxes', 'scores', 'été', 'sightline', 'batch']) expect(text).toContain(part);
  });

  it.each([
    [
      'a mask of two anchors a head',
      [
        [6, 7],
        [3, 4],
        [0, 1],
      ],
    ],
    [
      'a mask of two heads',
      [
        [6, 7, 8],
        [3, 4, 5],
      ],
    ],
    [
      'an anchor that is not there',
      [
        [6, 7, 9],
        [3, 4, 5],
        [0, 1, 2],
      ],
    ],
  ])('is refused with %s', (_what, anchorMask) => {
    expect(() => {
      emitDecode(new OnnxGraphWriter(), heads, { anchors, anchorMask, input });
    }).toThrow(expect.objectContaining({ code: 'ERR_MODEL_INVALID' }) as Error);
  });
});
