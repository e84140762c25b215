import { describe, expect, test } from 'vitest';
import { ffmpegArguments } from '../../../src/ffmpeg/child.js';
import { describeVideo } from '../../../src/ffmpeg/probe.js';
import {
  decodeCommand,
  type DecodeRequest,
  filterGraph,
} from '../../../src/sources/decode/decode-command.js';
import { letterboxOf } from '../../../src/geometry/letterbox.js';

const probe = describeVideo(
  {
    streams: [
      {
        ...{
          index: 2,
          codec_type: 'video',
          width: 768,
          height: 432,
          pix_fmt: 'yuv420p',
          time_base: '1/25000',
        },
        ...{ start_pts: 0, color_range: 'tv' },
      },
    ],
    format: { format_name: 'mov,mp4,m4a,3gp,3g2,mj2', start_time: '0.0' },
  },
  'clip',
);
const request: DecodeRequest = {
  ffmpeg: { ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', version: '5.1.9', major: 5 },
  input: { url: 'file:/clips/a b.mp4' },
  probe,
  letterbox: letterboxOf(768, 432, 416, 416),
  frames: { input: { width: 416, height: 416, pad: 128, kernel: 'area' }, image: true },
  range: {},
};

test('the whole command line', () => {
  expect(ffmpegArguments(decodeCommand(request))).toMatchInlineSnapshot(`
    [
      "-hide_banner",
      "-nostdin",
      "-nostats",
      "-loglevel",
      "repeat+level+warning",
      "-noautorotate",
      "-i",
      "file:/clips/a b.mp4",
      "-filter_complex",
      "[0:2]setpts=PTS+2160000000,split=2[m][p];[m]scale=w='416+0*print(iw*65536+ih\\,24)':h=233:flags=area,format=rgb24,pad=416:416:0:91:color=0x808080,setsar=1,split=2[model][time];[time]crop=8:1:0:0,format=gray,geq=lum='if(eq(X\\,7)\\,if(isnan(T)\\,0\\,90)\\,mod(floor(round(T*25000/1)/pow(256\\,X))\\,256))'[clock];[p]scale=768:432,format=yuv420p,setsar=1[picture]",
      "-map",
      "[clock]",
      "-map",
      "[model]",
      "-map",
      "[picture]",
      "-c:v",
      "rawvideo",
      "-enc_time_base",
      "1:25000",
      "-copyts",
      "-fps_mode",
      "passthrough",
      "-max_interleave_delta",
      "0",
      "-avoid_negative_ts",
      "disabled",
      "-max_error_rate",
      "1",
      "-f",
      "nut",
      "pipe:1",
    ]
  `);
});

test('a range is cut in ticks, after a seek to somewhat before it', () => {
  const cut = { ...request, range: { start: 5, duration: 2.5, stride: 3 } };
  const sign = String.raw`if(mod(n\,16)\,0\,0*print(0\,24))`;
  expect(filterGraph(cut).split(',setpts=PTS+2160000000,')[0]).toBe(
    String.raw`[0:2]select='if(st(0\,ld(0)+gte(pts\,125000))\,1\,${sign})',trim=end_pts=187500,` +
      String.raw`select='if(mod(n\,3)\,${sign}\,1)'`,
  );
  expect(ffmpegArguments(decodeCommand(cut)).join(' ')).toContain('-noautorotate -ss 4.900000 -i file:');
});

test('where the clock may jump forward, the end is not looked for by ffmpeg', () => {
  const range = { duration: 2.5 };
  const ts = { ...request, range, probe: { ...probe, format: 'mpegts' } };
  expect(filterGraph(ts)).not.toContain('trim');
  expect(filterGraph({ ...ts, probe })).toContain('trim=end_pts=62500');
});

test('formats without an index of key frames are read from well before the start', () => {
  const range = { start: 20 };
  const ts = { ...request, range, probe: { ...probe, format: 'mpegts' } };
  expect(ffmpegArguments(decodeCommand(ts))).toContain('5.000000');
  const early = { ...ts, range: { start: 10 } };
  expect(ffmpegArguments(decodeCommand(early))).not.toContain('-ss');
});

test.each([
  ['4.4.2', 4, '-vsync'],
  ['5.0.1', 5, '-vsync'],
  ['5.1.9-0+deb12u1', 5, '-fps_mode'],
  ['n7.0', 7, '-fps_mode'],
  ['N-112233-gabcdef', undefined, '-fps_mode'],
])('ffmpeg %s is told to keep timestamps in the way that it knows', (version, major, option) => {
  const args = ffmpegArguments(decodeCommand({ ...request, ffmpeg: { ...request.ffmpeg, version, major } }));
  expect(args[args.indexOf(option) + 1]).toBe('passthrough');
});

describe('the range of the picture is kept, and only named where something changes', () => {
  test.each([
    ['yuv420p', 'tv', 'scale=768:432,'],
    ['yuv420p', 'pc', 'scale=768:432:out_range=pc,'],
    ['yuvj420p', 'pc', 'scale=768:432:out_range=pc,'],
    ['yuv422p', 'tv', 'scale=768:432:out_range=tv,'],
    ['gray', 'tv', 'scale=768:432:out_range=tv,'],
    ['bgr0', 'pc', 'scale=768:432:out_range=pc:out_color_matrix=smpte170m,'],
  ])('%s, %s: %s', (pixelFormat, range, scaling) => {
    const graph = filterGraph({ ...request, probe: { ...probe, pixelFormat, colour: { range } } });
    expect(graph).toContain(`[p]${scaling}`);
  });
});
