/** Writes 2000 frame records to argv[2] with the built JSONL sink and says on stderr how that failed. */
import { createJsonlSink } from '../../dist/sinks/jsonl/jsonl-sink.js';

const ratio = { num: 1, den: 1 };
const info = {
  id: 'cars',
  uri: 'cars.mp4',
  width: 768,
  height: 432,
  pixelAspect: ratio,
  timeBase: ratio,
  live: false,
  startUs: 0,
};
const detector = {
  model: 'm',
  backend: 'b',
  device: 'cpu',
  precision: 'float32',
  version: '1',
  geometry: { width: 416, height: 416, pad: 128, kernel: 'area' },
  classes: ['car'],
};
const found = { box: { x1: 1, y1: 2, x2: 3, y2: 4 }, label: 'car', classId: 0, confidence: 0.5 };

const sink = createJsonlSink({ path: process.argv[2] });
try {
  const stream = await sink.open(info, detector);
  for (let index = 0; index < 2000; index++)
    await stream.write({
      frame: { sourceId: 'cars', epoch: 0, index, ptsUs: index, width: 768, height: 432 },
      detections: [found],
      tracks: [],
      ended: [],
    });
  await stream.end('completed');
} catch (error) {
  process.stderr.write(`${error.code}: ${error.message}\n`);
}
await sink.close({ sources: [] });
