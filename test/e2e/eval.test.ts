import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../../src/eval/report/compare-report.js';
import type { DetectionsReport } from '../../src/eval/report/detections-report.js';
import type { TracksReport } from '../../src/eval/report/tracks-report.js';
import { clip, ROOT, runCli, startCli, until } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FAKE = await fakeModel();
const RULES = `${ROOT}test/golden/mot-rules`;

async function jsonOf<T extends EvaluationReport>(args: string[], cwd: string): Promise<T> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

describe('sightline eval tracks', () => {
  it('prints a table, CSV or JSON and writes a page', async () => {
    const cwd = await temporaryFolder();
    const args = ['eval', 'tracks', `${RULES}/gt.txt`, `${RULES}/result.txt`, '--benchmark', 'mot17'];
    const table = await runCli([...args, '--html', 'report.html'], { cwd });
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^sequence +HOTA .*\nmot-rules +39\.17 .*\nCOMBINED +39\.17 /);
    expect(await readFile(join(cwd, 'report.html'), 'utf8')).toContain('Worst frames');
    const csv = await runCli([...args, '--csv'], { cwd });
    expect(csv.stdout.split('\n')[1]).toMatch(/^mot-rules,0\.3917440515823\d+,/);
    const report = await jsonOf<TracksReport>(args, cwd);
    expect(report.combined.HOTA.curves.HOTA).toHaveLength(19);
    expect(report.combined.CLEAR).toMatchObject({ TP: 124, FN: 40, FP: 110 });
  });

  it('writes no page over the ground truth', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'gt.txt'), '1,1,10,10,20,20,1\n');
    const args = ['eval', 'tracks', 'gt.txt', `${RULES}/result.txt`, '--html', './gt.txt', '--overwrite'];
    expect(await runCli(args, { cwd })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'error: the output "./gt.txt" is an input; name another file\n',
    });
    expect(await readFile(join(cwd, 'gt.txt'), 'utf8')).toBe('1,1,10,10,20,20,1\n');
  });

  it('scores records of our own as what they are: equal to themselves as MOT text', async () => {
    const cwd = await temporaryFolder();
    const clipPath = clip('car-detection');
    const args = [
      'track',
      clipPath,
      '--start',
      '6',
      '--max-frames',
      '20',
      '--quiet',
      '--jsonl',
      'out.jsonl',
      '--mot',
      'out.txt',
      ...FAKE,
    ];
    expect((await runCli(args, { cwd })).code).toBe(0);
    // Ground truth has a mark where results have a confidence.
    const rows = (await readFile(join(cwd, 'out.txt'), 'utf8')).replace(/^((?:[^,]*,){6})[^,]*/gm, '$11');
    await writeFile(join(cwd, 'gt.txt'), rows);
    const { combined } = await jsonOf<TracksReport>(['eval', 'tracks', 'gt.txt', 'out.jsonl'], cwd);
    expect(combined.counts.truthBoxes).toBeGreaterThan(0);
    expect(combined.CLEAR).toMatchObject({ MOTA: 1, FP: 0, FN: 0, IDSW: 0 });
    expect(combined.Identity.IDF1).toBe(1);
  });

  it.each([
    [['tracks', 'nowhere', 'none'], 2, 'error: ground truth: "nowhere" does not exist'],
    [
      ['tracks', `${RULES}/gt.txt`, `${RULES}/expected.json`],
      1,
      `error: ${RULES}/expected.json:1: expected at least`,
    ],
    [
      ['tracks', `${RULES}/gt.txt`, `${RULES}/result.txt`, '--json', '--csv'],
      2,
      "error: option '--json' cannot be used",
    ],
    [['detections', `${RULES}/gt.txt`, 'x'], 1, 'is neither COCO (.json) nor YOLO (.yaml)'],
    [['run', 'nowhere', `${RULES}/expected.json`], 1, 'categories should be an array but is missing'],
    [
      ['tracks', `${RULES}/gt.txt`, `${RULES}/result.txt`, '--sequences', ','],
      2,
      'expected sequence names separated by commas',
    ],
    [['compare', 'a', 'b'], 2, 'error: evaluation: "a" does not exist'],
  ])('says in one line what is wrong: %j', async (args, code, message) => {
    const run = await runCli(['eval', ...args], { cwd: await temporaryFolder() });
    expect(run.stderr).toContain(message);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect([run.code, run.stdout]).toEqual([code, '']);
  });
});

describe('sightline eval run, detections and compare', () => {
  it('finds the cars of pictures and tells two runs apart', async () => {
    const cwd = await temporaryFolder();
    await mkdir(join(cwd, 'pictures'));
    const pick = 'select=eq(n\\,100)+eq(n\\,200)';
    const ffmpeg = [
      '-v',
      'error',
      '-i',
      clip('car-detection'),
      '-vf',
      pick,
      '-vsync',
      '0',
      'pictures/%d.png',
    ];
    execFileSync('ffmpeg', ffmpeg, { cwd });
    // One is a TIFF with JPEG inside, of which ffmpeg makes an empty picture.
    await sharp(join(cwd, 'pictures/1.png'))
      .tiff({ compression: 'jpeg', quality: 95 })
      .toFile(join(cwd, 'pictures/1.tif'));
    // One lies on a side, as telephones store them.
    const lying = sharp(join(cwd, 'pictures/2.png')).rotate(90);
    await writeFile(
      join(cwd, 'pictures/2.png'),
      await lying.withMetadata({ orientation: 8 }).png().toBuffer(),
    );
    // Three cars, by hand.
    const boxes = [
      [1, 288, 0, 108, 82],
      [2, 110, 12, 154, 262],
      [2, 306, 206, 183, 226],
    ];
    const truth = {
      categories: [{ id: 1, name: 'car' }],
      images: [1, 2].map((id) => ({ id, file_name: ['1.tif', '2.png'][id - 1], width: 768, height: 432 })),
      annotations: boxes.map(([image_id, ...bbox], id) => ({
        id: id + 1,
        image_id,
        category_id: 1,
        bbox,
        iscrowd: 0,
      })),
    };
    await writeFile(join(cwd, 'truth.json'), JSON.stringify(truth));
    const run = [
      'eval',
      'run',
      `${ROOT}models/street-b0`,
      'truth.json',
      '--images',
      'pictures',
      '--classes',
      'car',
    ];
    const found = await jsonOf<DetectionsReport>([...run, '--html', 'run.html', '--curves', 'curves'], cwd);
    expect(found.summary.AP50).toBeCloseTo(1, 6);
    expect(found.inputs.results).toContain('street-b0');
    expect(await readFile(join(cwd, 'run.html'), 'utf8')).toContain('Precision over recall');
    expect((await readdir(join(cwd, 'curves'))).sort()).toEqual(['01-car.svg', 'all.svg']);

    const sure = await jsonOf<DetectionsReport>([...run, '--conf', '0.99'], cwd);
    expect([found.results > 0, sure.results]).toEqual([true, 0]);

    const half = [{ image_id: 1, category_id: 1, bbox: [288, 0, 108, 82], score: 0.9 }];
    await writeFile(join(cwd, 'half.json'), JSON.stringify(half));
    const other = await jsonOf<DetectionsReport>(['eval', 'detections', 'truth.json', 'half.json'], cwd);
    expect(other.summary.AR1).toBeCloseTo(1 / 3, 6);
    await writeFile(join(cwd, 'a.json'), JSON.stringify(found));
    await writeFile(join(cwd, 'b.json'), JSON.stringify(other));
    const compared = await runCli(['eval', 'compare', 'a.json', 'b.json'], { cwd });
    expect(compared.stdout).toMatch(/^ALL +AP50 +100\.00 +33\.66 +-66\.34$/m);

    const anchors = await runCli(['anchors', 'truth.json', '--k', '2', '--seed', '1'], { cwd });
    expect(anchors.stdout).toMatch(/^\d+,\d+, {2}\d+,\d+\n$/);
    expect(anchors.stderr).toMatch(/^mean best IoU 0\.\d{4} over 3 boxes\n$/);
  });

  it('scores pictures of every orientation alike, and leaves out those that cannot be read', async () => {
    const cwd = await temporaryFolder();
    const model = join(cwd, 'model');
    const shipped = JSON.parse(await readFile(`${ROOT}models/street-b0/model.json`, 'utf8')) as object & {
      input: object;
    };
    await mkdir(model);
    const input = { ...shipped.input, width: 64, height: 64 };
    await writeFile(join(model, 'model.json'), JSON.stringify({ ...shipped, input }));
    const box = { class: 'car', box: [16, 20, 48, 44], confidence: 0.9 };
    await writeFile(join(model, 'fake.json'), JSON.stringify([[box]]));
    await mkdir(join(cwd, 'set/images/day'), { recursive: true });
    await mkdir(join(cwd, 'set/labels/day'), { recursive: true });
    await writeFile(join(cwd, 'set/data.yaml'), 'names: {1: person, 2: car}\nvalidation: images\n');
    const upright = sharp({ create: { width: 128, height: 96, channels: 3, background: 'grey' } });
    const pixels = await upright.png().toBuffer();
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      // Upright all are 128x96, so they lie in the network's input alike: from 8 to 56 in y, half the size in both directions.
      const stored = sharp(pixels).rotate(orientation >= 5 && orientation < 9 ? 90 : 0);
      const picture = await stored
        .withMetadata({ orientation: Math.min(orientation, 8) })
        .jpeg()
        .toBuffer();
      const bytes = orientation === 9 ? picture.subarray(0, 90) : picture;
      await writeFile(join(cwd, `set/images/day/${orientation}.jpg`), bytes);
      await writeFile(join(cwd, `set/labels/day/${orientation}.txt`), '2 0.5 0.5 0.5 0.5\n');
    }
    const args = ['eval', 'run', model, 'set/data.yaml', '--device', 'fake', '--json'];
    const { code, stdout, stderr } = await runCli(args, { cwd });
    const report = JSON.parse(stdout) as DetectionsReport;
    expect(code).toBe(0);
    expect([report.images, report.objects, report.summary.AP]).toEqual([8, 8, 1]);
    expect(report.leftOut).toEqual([join(cwd, 'set/images/day/9.jpg')]);
    expect(stderr).toMatch(
      /^warning: ".*9\.jpg" is not a PNG.*\nwarning: 1 picture is left out, its objects too\n$/,
    );
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const [cwd, own] = [await temporaryFolder(), await temporaryFolder()];
    const grey = sharp({ create: { width: 128, height: 96, channels: 3, background: 'grey' } });
    const picture = await grey.withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const images = Array.from({ length: 200 }, (_, id) => ({
      id,
      file_name: `${id}.jpg`,
      width: 96,
      height: 128,
    }));
    for (const { file_name } of images) await writeFile(join(cwd, file_name), picture);
    await writeFile(
      join(cwd, 'truth.json'),
      JSON.stringify({ images, annotations: [], categories: [{ id: 1, name: 'car' }] }),
    );
    const env = { ...process.env, TMPDIR: own };
    const args = ['eval', 'run', FAKE[1]!, 'truth.json', '--device', 'fake'];
    const { child, finished } = startCli(args, { cwd, env });
    await until(() => readdirSync(own).length > 0);
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ code: 130, stdout: '', stderr: '' });
    expect(readdirSync(own)).toEqual([]);
  });
});
