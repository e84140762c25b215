import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, runCli, startCli } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { tinyOnnx } from '../support/tiny-onnx.js';

const STREET = `${ROOT}models/street-b0`;

it('converts a model folder into one that runs', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'names.txt'), 'walker\r\nrider\r\ncar\r\nmotorcycle\r\nbus\r\ntruck\r\n');
  const args = [
    'convert',
    STREET,
    '--out',
    'mine',
    '--precision',
    'float16',
    '--size',
    '320x192',
    '--classes',
    'names.txt',
  ];
  const { code, stdout, stderr } = await runCli(args, { cwd });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^mine: street-b0, efficientnet-b0-yolov3 at 320x192, 6 classes\n10\.6 million parameters in 21\.5 MB/,
  );
  const manifest = JSON.parse(await readFile(join(cwd, 'mine', 'model.json'), 'utf8')) as {
    classes: string[];
  };
  expect(manifest.classes[0]).toBe('walker');
  const doctor = await runCli(['doctor', '--model', 'mine'], { cwd });
  expect(doctor.stdout).toMatch(/mine|street-b0/);
  expect(doctor.code).toBe(0);

  const again = await runCli(args, { cwd });
  expect(again).toMatchObject({
    code: 2,
    stderr: 'error: "mine" exists; pass --overwrite to replace the model in it\n',
  });
  expect((await runCli([...args, '--overwrite'], { cwd })).code).toBe(0);
});

it('writes the bundled model for other programs', async () => {
  const cwd = await temporaryFolder();
  const { code, stdout } = await runCli(['convert', '--to', 'onnx', 'model.onnx', '--size', '320'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/model\.onnx: ONNX, 42\.\d MB\nimages: uint8 \[batch, 320, 320, 3\]/);
});

it("makes a model of somebody else's detector, which every command takes", async () => {
  const cwd = await temporaryFolder();
  const rows = Array.from({ length: 84 }, (_, row) =>
    row === 10 ? [30, 30, 20, 20, 0.1, 0.8] : [1, 1, 1, 1, 0, 0],
  );
  const outputs = [{ name: 'output0', shape: [1, 84, 6], data: rows.flat() }];
  await writeFile(join(cwd, 'tiny.onnx'), tinyOnnx({ outputs }));
  await writeFile(join(cwd, 'names.txt'), 'cat\ndog\n');
  const args = ['convert', 'tiny.onnx', '--decode', 'yolov8', '--classes', 'names.txt', '--out', 'pets'];
  const more = ['--pad', '0', '--scale', '1/127.5', '--normalise', '1,1,1/1,1,1', '--channels', 'bgr'];
  const converted = await runCli([...args, ...more], { cwd });
  expect([converted.code, converted.stderr]).toEqual([0, '']);
  expect(converted.stdout).toMatch(
    /^pets: pets, yolov8 \(rows\) at 64x64, 2 classes\n.* parameters in .* from ONNX\nnote: pictures keep their shape, as is usual for yolov8; [^\n]*--stretch\n$/,
  );
  const manifest = JSON.parse(await readFile(join(cwd, 'pets', 'model.json'), 'utf8')) as { input: object };
  expect(manifest.input).toMatchObject({
    channels: 'bgr',
    scale: 2 / 255,
    mean: [1, 1, 1],
    letterbox: { pad: 0 },
  });

  const info = await runCli(['model', 'info', 'pets'], { cwd });
  expect(info.stdout).toMatch(/^model +pets: yolov8 \(rows\), ONNX, 2 classes$/m);
  expect(info.stdout).toMatch(/^gives +output0: float32 \[1, 84, 6\]$/m);
  const doctor = await runCli(['doctor', '--model', 'pets'], { cwd });
  expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringMatching(/^inference +ok +onnxruntime/m)]);
  const bench = ['bench', 'model', 'pets', '--seconds', '0', '--runs', '1', '--batch', '2', '--threads', '1'];
  const measured = await runCli(bench, { cwd });
  expect([measured.code, measured.stdout]).toEqual([
    0,
    expect.stringMatching(/^onnxruntime:cpu +float32 +64x64/m),
  ]);
  expect(measured.stdout).not.toMatch(/tfjs|tensorflow/);

  const track = [
    'track',
    `${ROOT}test/golden/letterbox_source.png`,
    '--model',
    'pets',
    '--jsonl',
    '-',
    '--quiet',
  ];
  const { code, stdout } = await runCli(track, { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/"class":"dog","classId":1,"confidence":0\.8,/);
  const elsewhere = await runCli([...track, '--device', 'tensorflow:cpu'], { cwd });
  expect([elsewhere.code, elsewhere.stderr]).toEqual([
    3,
    expect.stringMatching(/^error: [^\n]*(only onnxruntime runs|not available)[^\n]*\n$/),
  ]);
});

it('does not mind a reader that has seen enough', async () => {
  const cwd = await temporaryFolder();
  const { child, finished } = startCli(['convert', '--to', 'onnx', 'model.onnx'], { cwd });
  child.stdout!.destroy();
  expect(await finished).toMatchObject({ code: 0, stderr: '' });
});

it.each<[string, string[], number, RegExp]>([
  ['nothing', [], 2, /name the weights/],
  ['no place', [STREET], 2, /--out DIR/],
  ['a format without a place behind weights', ['w.h5', '--to', 'onnx'], 2, /behind the format/],
  ['a format without a place', ['--to', 'onnx'], 2, /behind the format/],
  ['an unknown format', ['--to', 'caffe', 'x'], 2, /Allowed choices are onnx, saved-model/],
  ['boxes for a model folder', [STREET, '--out', 'x', '--boxes'], 2, /--boxes belongs to --to onnx/],
  [
    'decode for a format',
    [STREET, '--to', 'onnx', 'x.onnx', '--decode', 'yolox'],
    2,
    /with --to onnx, --boxes ends the graph/,
  ],
  ['decode without a family', ['x.onnx', '--out', 'x', '--decode'], 2, /argument missing/],
  ['an unknown family', ['x.onnx', '--out', 'x', '--decode', 'ssd'], 2, /Allowed choices are yolox, yolov8/],
  ['statistics', ['x.onnx', '--out', 'x', '--normalise', '1,2'], 2, /expected imagenet, none, or numbers/],
  ['a scale', ['x.onnx', '--out', 'x', '--scale', '1/0'], 2, /a number above 0 or a fraction/],
  ['a wrong mask', [STREET, '--out', 'x', '--anchor-mask', '0,1,2'], 2, /each index from 0 to 8 once/],
  ['a wrong phi', [STREET, '--out', 'x', '--phi', '8'], 2, /a whole number from 0 to 7/],
  ['another phi', [STREET, '--out', 'x', '--phi', '1'], 3, /these are the weights of phi 0 with 6 classes/],
  ['missing weights', ['nowhere.h5', '--out', 'x'], 3, /cannot read "nowhere\.h5"/],
  [
    'missing names',
    [STREET, '--out', 'x', '--classes', 'nowhere.txt'],
    2,
    /"nowhere\.txt" with the class names/,
  ],
])('says what is wrong with %s', async (_, args, expected, message) => {
  const { code, stderr } = await runCli(['convert', ...args], { cwd: await temporaryFolder() });
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(expected);
});
