/** What a person and the network see of inputs that store colours in other ways than most video does. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRgbScaler } from '../../../src/sinks/pixels/rgb-scaler.js';
import { createVideoSink } from '../../../src/sinks/video/video-sink.js';
import type { ColourInfo } from '../../../src/contract/picture.js';
import { decode, type Decoded, ffmpeg, MediaFolder, runFfmpeg } from '../../support/media.js';
import { detectorInfo, frameResult } from '../../support/results.js';
import { Encoder } from '../../../src/sinks/video/encoder.js';
import { containerOf } from '../../../src/sinks/video/container.js';
import { greyPicture, probe } from '../../support/video-files.js';

type Triple = readonly [number, number, number];

/** Upright bars of equal width. */
const BARS: readonly Triple[] = [
  [0, 0, 0],
  [255, 255, 255],
  [255, 0, 0],
  [32, 192, 64],
];
const [WIDTH, HEIGHT] = [128, 48];
const BT601 = [0.299, 0.114] as const;
const BT709 = [0.2126, 0.0722] as const;

let media: MediaFolder;

beforeAll(async () => {
  media = await MediaFolder.create();
  await writeFile(join(media.path, 'rgb'), Buffer.from(bars(BARS)));
  const full = BARS.map((rgb) => toYuv(rgb, BT601, true).map(Math.round) as unknown as Triple);
  await writeFile(join(media.path, 'full'), planar(full));
});

afterAll(() => media.remove());

/** ITU-T H.273, equations 38 to 47, not rounded. */
function toYuv([r, g, b]: Triple, [kr, kb]: readonly [number, number], full: boolean): Triple {
  const luma = kr * r + (1 - kr - kb) * g + kb * b;
  const [zero, lumaScale, chromaScale] = full ? [0, 1, 1] : [16, 219 / 255, 224 / 255];
  return [
    zero + luma * lumaScale,
    128 + ((b - luma) / (2 * (1 - kb))) * chromaScale,
    Math.min(255, 128 + ((r - luma) / (2 * (1 - kr))) * chromaScale),
  ];
}

function bars(colours: readonly Triple[]): number[] {
  const row = colours.flatMap((colour) =>
    Array.from({ length: WIDTH / colours.length }, () => colour).flat(),
  );
  return Array.from({ length: HEIGHT }, () => row).flat();
}

function planar(colours: readonly Triple[]): Buffer {
  const packed = bars(colours);
  return Buffer.from([0, 1, 2].flatMap((part) => packed.filter((_, at) => at % 3 === part)));
}

/** ffmpeg's arguments that read the bars, as RGB or as 4:4:4 in full range. */
function barsAs(kind: 'rgb' | 'full'): string[] {
  const format = kind === 'rgb' ? 'rgb24' : 'yuvj444p';
  const size = ['-s', `${WIDTH}x${HEIGHT}`, '-framerate', '5'];
  return ['-f', 'rawvideo', '-pix_fmt', format, ...size, '-i', join(media.path, kind)];
}

/** The stored values in the middle of each bar. */
function yuvOf(planes: Uint8Array, width: number, height: number): Triple[] {
  const [chromaWidth, chromaHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  return BARS.map((_, bar) => {
    const [x, y] = [Math.floor((width * (2 * bar + 1)) / 8), height >> 1];
    const chroma = width * height + (y >> 1) * chromaWidth + (x >> 1);
    return [planes[y * width + x]!, planes[chroma]!, planes[chroma + chromaWidth * chromaHeight]!] as const;
  });
}

function rgbOf(
  packed: ArrayLike<number>,
  width: number,
  height: number,
  stride = width,
  first = 0,
): Triple[] {
  return BARS.map((_, bar) => {
    const at = 3 * (first + (height >> 1) * stride + Math.floor((width * (2 * bar + 1)) / 8));
    return [packed[at]!, packed[at + 1]!, packed[at + 2]!] as const;
  });
}

/** The largest difference between two lists of colours. */
function apart(some: readonly Triple[], others: readonly Triple[]): number {
  return Math.max(
    ...some.flatMap((each, at) => each.map((value, part) => Math.abs(value - others[at]![part]!))),
  );
}

function greyed(colours: readonly Triple[]): Triple[] {
  return colours.map((rgb) => {
    const [luma] = toYuv(rgb, BT601, true);
    return [luma, luma, luma];
  });
}

/** Decodes, and checks what every part of the product makes of it: picture, preview, and the network's input. */
async function see(path: string, shown: readonly Triple[], limit: number): Promise<Decoded> {
  const decoded = await decode(path);
  expect(decoded.error).toBeUndefined();
  const { width, height, colour, letterbox } = decoded.info;
  const [{ picture, model }] = decoded.frames as unknown as readonly [Decoded['frames'][0]];
  const previews = createRgbScaler({ width, height, colour }, 640);
  expect(
    apart(rgbOf(previews.scale(picture!), previews.width, previews.height), shown),
    'preview',
  ).toBeLessThanOrEqual(limit);
  const { inputWidth, x, y } = letterbox;
  const input = rgbOf(model, letterbox.width, letterbox.height, inputWidth, y * inputWidth + x);
  expect(apart(input, shown), 'network').toBeLessThanOrEqual(limit);
  return decoded;
}

/** Writes the pictures of an input to a video without boxes. @returns its tags, and what a player makes of it. */
async function annotated(
  { info, frames }: Decoded,
  name: string,
): Promise<{ tags: ColourInfo; stored: Triple[]; shown: Triple[] }> {
  const { width, height } = info;
  const path = join(media.path, name);
  const stream = await createVideoSink({ path, ffmpeg }).open(info, detectorInfo());
  for (const { index, ptsUs, picture } of frames) {
    const image = { format: 'yuv420p', width, height, data: picture! } as const;
    await stream.write(frameResult(index, { picture: image, ptsUs, tracks: [] }));
  }
  await stream.end('completed');
  const { streams } = await probe(path);
  const [{ color_range: range, color_space: space }] = streams as unknown as [Record<string, string>];
  const first = ['-i', path, '-frames:v', '1', '-f', 'rawvideo'];
  return {
    tags: { ...(range !== undefined && { range }), ...(space !== undefined && { space }) },
    stored: yuvOf(await runFfmpeg(...first, '-'), width, height),
    shown: rgbOf(await runFfmpeg(...first, '-pix_fmt', 'rgb24', '-'), width, height),
  };
}

describe('full range stays full', () => {
  const H264 = ['-c:v', 'libx264', '-qp', '1', '-color_range', 'pc'];
  const FFV1 = ['-c:v', 'ffv1', '-color_range', 'pc'];
  test.each<[string, string, 'rgb' | 'full', string[], ColourInfo]>([
    ['yuvj420p', 'a.mp4', 'full', ['-pix_fmt', 'yuvj420p', ...H264], { range: 'pc' }],
    ['yuvj422p', 'b.mp4', 'full', ['-pix_fmt', 'yuvj422p', ...H264], { range: 'pc' }],
    ['yuvj444p', 'c.mp4', 'full', ['-pix_fmt', 'yuvj444p', ...H264], { range: 'pc' }],
    [
      'yuv420p that is tagged so',
      'd.mkv',
      'full',
      ['-vf', 'scale=out_range=pc,format=yuv420p', ...FFV1],
      { range: 'pc' },
    ],
    ['with alpha', 'e.mkv', 'full', ['-vf', 'scale=out_range=pc,format=yuva420p', ...FFV1], { range: 'pc' }],
    [
      'MJPEG',
      'f.avi',
      'full',
      ['-pix_fmt', 'yuvj422p', '-c:v', 'mjpeg', '-q:v', '1'],
      { range: 'pc', space: 'bt470bg' },
    ],
    ['JPEG', 'g.jpg', 'full', ['-pix_fmt', 'yuvj420p', '-q:v', '1'], { range: 'pc', space: 'bt470bg' }],
    ['PNG', 'h.png', 'rgb', [], { range: 'pc', space: 'smpte170m' }],
    ['PNG with alpha', 'i.png', 'rgb', ['-pix_fmt', 'rgba'], { range: 'pc', space: 'smpte170m' }],
    ['bgr0', 'j.mkv', 'rgb', ['-pix_fmt', 'bgr0', ...FFV1], { range: 'pc', space: 'smpte170m' }],
    ['gbrp', 'k.mp4', 'rgb', ['-c:v', 'libx264rgb', '-qp', '0'], { range: 'pc', space: 'smpte170m' }],
    [
      'RGB without tags',
      'l.avi',
      'rgb',
      ['-c:v', 'rawvideo', '-pix_fmt', 'bgr24'],
      { range: 'pc', space: 'smpte170m' },
    ],
    [
      'RGB of odd size',
      'm.mkv',
      'rgb',
      ['-vf', 'scale=127:47:flags=neighbor', '-pix_fmt', 'bgr0', ...FFV1],
      { range: 'pc', space: 'smpte170m' },
    ],
    [
      'RGB at HD size',
      'n.png',
      'rgb',
      ['-vf', 'scale=256:720:flags=neighbor'],
      { range: 'pc', space: 'bt709' },
    ],
    [
      'JPEG at HD size',
      'o.jpg',
      'full',
      ['-vf', 'scale=256:720:flags=neighbor', '-pix_fmt', 'yuvj420p', '-q:v', '1'],
      { range: 'pc', space: 'bt470bg' },
    ],
  ])('%s', async (_what, name, kind, args, colour) => {
    const still = /jpg|png/.test(name) ? ['-frames:v', '1'] : [];
    const path = await media.make(name, ...barsAs(kind), ...args, ...still);
    const decoded = await see(path, BARS, 3);
    expect(decoded.info.colour).toEqual(colour);
    const { width, height } = decoded.info;
    const matrix = colour.space === 'bt709' ? BT709 : BT601;
    const yuv = BARS.map((rgb) => toYuv(rgb, matrix, true));
    const stored = yuvOf(decoded.frames[0]!.picture!, width, height);
    expect(apart(stored, yuv), 'picture').toBeLessThanOrEqual(1.5);
    expect(stored.slice(0, 2).map(([luma]) => luma)).toEqual([0, 255]);
  });

  test.each<[string, string, string[]]>([
    ['grey', 'gray', []],
    ['grey without a tag', 'gray', ['-color_range', '0']],
    ['16 bits of grey', 'gray16le', []],
  ])('%s', async (_what, format, args) => {
    const path = await media.make(
      `${format}${args.length}.avi`,
      ...barsAs('rgb'),
      '-vf',
      `format=gray,format=${format}`,
      '-c:v',
      'ffv1',
      ...args,
    );
    const decoded = await see(path, greyed(BARS), 2);
    expect(decoded.info.colour).toEqual({ range: 'pc' });
  });

  test('10 bits', async () => {
    const ten = Buffer.from(
      Uint16Array.from([0, 1023, 1023, 0].flatMap((value) => Array.from({ length: WIDTH * 12 }, () => value)))
        .buffer,
    );
    const chroma = Buffer.from(new Uint16Array((WIDTH * HEIGHT) / 2).fill(512).buffer);
    await writeFile(join(media.path, 'ten'), Buffer.concat([ten, chroma]));
    const raw = [
      '-f',
      'rawvideo',
      '-pix_fmt',
      'yuv420p10le',
      '-color_range',
      'pc',
      '-s',
      `${WIDTH}x${HEIGHT}`,
    ];
    const path = await media.make(
      'ten.mkv',
      ...raw,
      '-i',
      join(media.path, 'ten'),
      '-c:v',
      'ffv1',
      '-color_range',
      'pc',
    );
    const { info, frames } = await decode(path);
    expect(info.colour).toEqual({ range: 'pc' });
    const picture = frames[0]!.picture!;
    expect([picture[0], picture[WIDTH * 18], picture[WIDTH * HEIGHT]]).toEqual([0, 255, 128]);
  });

  test.each<[string, string, string[], ColourInfo]>([
    ['H.264 of full range', 'p.mp4', ['-pix_fmt', 'yuvj420p', ...H264], { range: 'pc' }],
    [
      'RGB at HD size',
      'q.png',
      ['-vf', 'scale=256:720:flags=neighbor', '-pix_fmt', 'rgb24', '-frames:v', '1'],
      { range: 'pc', space: 'bt709' },
    ],
    [
      'MJPEG',
      'r.avi',
      ['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '1'],
      { range: 'pc', space: 'bt470bg' },
    ],
  ])('in annotated video: %s', async (_what, name, args, tags) => {
    const decoded = await decode(
      await media.make(name, ...barsAs(name === 'q.png' ? 'rgb' : 'full'), ...args),
    );
    for (const extension of name === 'p.mp4' ? ['mp4', 'webm'] : ['mp4']) {
      const video = await annotated(decoded, `${name}.${extension}`);
      expect(video.tags, extension).toMatchObject(tags);
      expect(video.stored[0]![0], extension).toBeLessThanOrEqual(1);
      expect(video.stored[1]![0], extension).toBeGreaterThanOrEqual(254);
      expect(apart(video.shown, BARS), extension).toBeLessThanOrEqual(10);
    }
  });

  test.each([
    ['mpeg4', 'mp4'],
    ['libvpx', 'webm'],
  ] as const)('becomes limited for %s, whose streams cannot tell it', async (encoder, extension) => {
    const path = join(media.path, `limited.${extension}`);
    const [width, height] = [64, 48];
    const running = new Encoder({
      ...{ ffmpeg, container: containerOf(path), encoder, width, height, frameRate: 10, final: true },
      timeBase: { num: 1, den: 10 },
      pixelAspect: { num: 1, den: 1 },
      colour: { range: 'pc', space: 'bt470bg' },
      ...{ output: path, label: path },
    });
    const picture = greyPicture(width, height, 255).data;
    picture.fill(0, 0, (width * height) / 2);
    await running.write(picture, 0);
    await running.finish();
    const stored = await runFfmpeg('-i', path, '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-');
    expect(Math.abs(stored[width * 4]! - 16)).toBeLessThanOrEqual(2);
    expect(Math.abs(stored[width * 44]! - 235)).toBeLessThanOrEqual(2);
    expect((await probe(path)).streams[0]!['color_range'] ?? 'tv').toBe('tv');
  });
});
