import { execFileSync } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import {
  BUNDLED_MODEL,
  createDetector,
  createPipeline,
  type Detection,
  letterboxOf,
  parseRecord,
} from 'sightline';
import { ROOT, runCli } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const PICTURE = `${ROOT}test/golden/letterbox_source.png`;

function plain({ label, confidence, box }: Detection): unknown {
  return [label, confidence, box.x1, box.y1, box.x2, box.y2];
}

it('command line, library and a bare detector find the same objects in one picture', async () => {
  const cwd = await temporaryFolder();
  const { stdout } = await runCli(['track', PICTURE, '--jsonl', '-', '--quiet'], { cwd });
  const frame = stdout
    .trimEnd()
    .split('\n')
    .map((line) => parseRecord(line))
    .find((record) => record?.type === 'frame');
  const byCli = frame!.detections.map(({ class: label, confidence, box }) => [label, confidence, ...box]);

  const byLibrary: unknown[] = [];
  const pipeline = await createPipeline({ sources: [PICTURE] });
  pipeline.results.subscribe(({ detections }) => byLibrary.push(...detections.map(plain)));
  await pipeline.run();

  // The picture as it is, prepared by one plain ffmpeg command.
  const size = execFileSync(
    'ffprobe',
    ['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', PICTURE],
    { encoding: 'utf8' },
  );
  const [width, height] = size.trim().split(',').map(Number) as [number, number];
  const letterbox = letterboxOf(width, height, 416, 416);
  const { x, y } = letterbox;
  const filter = `scale=${letterbox.width}:${letterbox.height}:flags=area,format=rgb24,pad=416:416:${x}:${y}:color=0x808080`;
  const pixels = execFileSync(
    'ffmpeg',
    ['-v', 'error', '-i', PICTURE, '-vf', filter, '-f', 'rawvideo', '-'],
    {
      maxBuffer: 2 ** 24,
    },
  );
  const detector = await createDetector({
    modelDir: BUNDLED_MODEL,
    device: 'cpu',
    maxBatch: 1,
    confidence: 0.1,
  });
  onTestFinished(() => detector.close());
  const [found] = await detector.detect([{ pixels, letterbox }]);

  expect(found!.detections.length).toBeGreaterThan(0);
  expect(byCli).toEqual(found!.detections.map(plain));
  expect(byLibrary).toEqual(byCli);
});
