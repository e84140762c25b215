import { expect, test } from 'vitest';
import { describeVideo } from '../../../src/ffmpeg/probe.js';

const video = {
  index: 0,
  codec_type: 'video',
  codec_name: 'h264',
  width: 720,
  height: 576,
  pix_fmt: 'yuv420p',
  sample_aspect_ratio: '16:15',
  time_base: '1/90000',
  avg_frame_rate: '25/1',
  start_pts: 126_000,
  duration: '10.000000',
  nb_frames: '250',
  color_range: 'tv',
  color_space: 'bt470bg',
  color_primaries: 'unknown',
};
const turned = '\n00000000: 0 65536 0\n00000001: -65536 0 0\n00000002: 0 0 1073741824';
const format = { format_name: 'mpegts', start_time: '1.300000', duration: '10.100000' };

test('everything that is stated', () => {
  const audio = { index: 1, codec_type: 'audio', codec_name: 'aac' };
  expect(describeVideo({ streams: [video, audio], format }, 'x')).toEqual({
    streamIndex: 0,
    format: 'mpegts',
    codec: 'h264',
    width: 720,
    height: 576,
    orientation: { filters: [], swapsAxes: false },
    pixelAspect: { num: 16, den: 15 },
    pixelFormat: 'yuv420p',
    timeBase: { num: 1, den: 90000 },
    frameRate: { num: 25, den: 1 },
    startUs: 1_400_000,
    containerStartUs: 1_300_000,
    durationUs: 10_000_000,
    statesDuration: true,
    frameCount: 250,
    colour: { range: 'tv', space: 'bt470bg' },
    audioCodecs: ['aac'],
  });
});

test('a quarter turn swaps the axes of size and pixels', () => {
  const streams = [{ ...video, side_data_list: [{ side_data_type: 'x' }, { displaymatrix: turned }] }];
  expect(describeVideo({ streams, format }, 'x')).toMatchObject({
    width: 576,
    height: 720,
    pixelAspect: { num: 15, den: 16 },
  });
});

test.each([
  ['0:1', { num: 1, den: 1 }],
  ['N/A', { num: 1, den: 1 }],
  [undefined, { num: 1, den: 1 }],
])('a pixel shape of %s is a square', (sample_aspect_ratio, pixelAspect) => {
  expect(describeVideo({ streams: [{ ...video, sample_aspect_ratio }], format }, 'x')).toMatchObject({
    pixelAspect,
  });
});

test('what nobody knows is left out', () => {
  const { index, codec_type, width, height } = video;
  const probe = describeVideo(
    { streams: [{ index, codec_type, width, height, time_base: '1/25', avg_frame_rate: '0/0' }] },
    'x',
  );
  expect(probe).toMatchObject({
    startUs: 0,
    containerStartUs: 0,
    colour: {},
    audioCodecs: [],
    codec: 'unknown',
  });
  expect(Object.keys(probe)).not.toContain('frameRate');
  expect(Object.keys(probe)).not.toContain('durationUs');
  expect(Object.keys(probe)).not.toContain('frameCount');
});

test('a duration that stands in a Matroska tag, or in the container alone', () => {
  const open = { ...video, duration: undefined };
  const tagged = { ...open, tags: { DURATION: '01:00:02.500000000' } };
  expect(describeVideo({ streams: [tagged], format }, 'x').durationUs).toBe(3_602_500_000);
  // The container begins a tenth of a second before its video.
  expect(describeVideo({ streams: [open], format }, 'x').durationUs).toBe(10_000_000);
});

test.each([
  ['matroska,webm', '41.5', 37.5, 4_000_000],
  ['matroska,webm', '1700000004', 1_700_000_000, 4_000_000],
  ['asf', '41.5', 37.5, 4_000_000],
  ['mpegts', '4.0', 37.5, 4_000_000],
  // Written by somebody who means a duration.
  ['matroska,webm', '4.0', 37.5, 4_000_000],
])('the duration of %s that says %s and begins at %d s', (format_name, duration, begins, durationUs) => {
  const late = { ...video, time_base: '1/1000', start_pts: begins * 1000, duration };
  const probe = describeVideo({ streams: [late], format: { format_name, start_time: String(begins) } }, 'x');
  expect(probe.durationUs).toBe(durationUs);
});

test('the default video is taken, else the first, and never a cover', () => {
  const cover = { ...video, index: 0, disposition: { attached_pic: 1, default: 1 } };
  const first = { ...video, index: 2, disposition: { default: 0 } };
  const second = { ...video, index: 3, disposition: { default: 1 } };
  expect(describeVideo({ streams: [cover, first, second] }, 'x').streamIndex).toBe(3);
  expect(describeVideo({ streams: [cover, first] }, 'x').streamIndex).toBe(2);
});

test.each([
  ['no streams', {}, '"x" has no video stream: it holds no streams'],
  [
    'sound',
    {
      streams: [
        { index: 0, codec_type: 'audio' },
        { index: 1, codec_type: 'subtitle' },
      ],
    },
    '"x" has no video stream: it holds only audio and subtitle streams',
  ],
  [
    'no size',
    { streams: [{ ...video, width: 0 }] },
    '"x" has a video stream whose size cannot be found out; it may be damaged or cut short',
  ],
  [
    'a giant size',
    { streams: [{ ...video, width: 20000 }] },
    '"x" is 20000x576; pictures of up to 16384 pixels a side can be processed',
  ],
  [
    'no time base',
    { streams: [{ ...video, time_base: '0/0' }] },
    '"x" has a video stream without a time base',
  ],
])('%s is refused', (_what, output, message) => {
  expect(() => describeVideo(output, 'x')).toThrow(
    expect.objectContaining({ code: 'ERR_SOURCE_INVALID', message }) as Error,
  );
});
