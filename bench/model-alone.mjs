/** The network alone: loads the bundled model and runs it on frames of a clip that were decoded before the clock matters. */
import { execFileSync } from 'node:child_process';
import { BUNDLED_MODEL } from '../dist/app/app.js';
import { createDetector } from '../dist/model/detector.js';

const [clip, count] = process.argv.slice(2);
const SIZE = 416;
const bytes = SIZE * SIZE * 3;
const letterbox = {
  inputWidth: SIZE,
  inputHeight: SIZE,
  x: 0,
  y: 91,
  width: SIZE,
  height: 233,
  sourceWidth: 768,
  sourceHeight: 432,
};
// A few different pictures are enough: the cost of a network does not depend on what it sees.
const filter = 'scale=416:233:flags=area,format=rgb24,pad=416:416:0:91:color=0x808080';
const pictures = execFileSync(
  'ffmpeg',
  ['-v', 'error', '-i', clip, '-vf', filter, '-frames:v', '8', '-f', 'rawvideo', '-'],
  { maxBuffer: 16 * bytes },
);
const detector = await createDetector({
  modelDir: BUNDLED_MODEL,
  device: 'auto',
  maxBatch: 4,
  confidence: 0.1,
});
for (let frame = 0; frame < Number(count); frame++) {
  const at = (frame % 8) * bytes;
  await detector.detect([{ pixels: pictures.subarray(at, at + bytes), letterbox }]);
}
await detector.close();
