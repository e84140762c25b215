import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, exitCodeOfRun } from '../../../src/cli/exit-codes.js';
import {
  address,
  classList,
  inputSize,
  nameList,
  numberFrom,
  seconds,
  trackerOption,
} from '../../../src/cli/parse-values.js';
import { clock, progressText } from '../../../src/cli/progress-line.js';
import { summaryText } from '../../../src/cli/summary.js';
import { type ErrorCode, SightlineError } from '../../../src/errors.js';
import type { RunSummary, SourceSummary } from '../../../src/contract/run.js';
import { scriptedDetector } from '../../support/pipeline-parts.js';

describe('values of flags', () => {
  it.each([
    ['12.5', 12.5],
    ['90', 90],
    ['1:30', 90],
    ['1:02:03.5', 3723.5],
  ])('%s is %d seconds', (text, value) => {
    expect(seconds(text)).toBe(value);
  });

  it.each(['', 'x', '-1', '1:2:3:4', '1:', '1e3'])('"%s" is no time', (text) => {
    expect(() => seconds(text)).toThrow(/h:mm:ss/);
  });

  it('takes classes with thresholds of their own', () => {
    expect(classList('person, car=0.5')).toEqual({ names: ['person', 'car'], confidence: { car: 0.5 } });
    expect(() => classList('car=2')).toThrow(InvalidArgumentError);
    expect(nameList('class')('person, car')).toEqual(['person', 'car']);
  });

  it('takes sizes', () => {
    expect(inputSize('416')).toEqual({ width: 416, height: 416 });
    expect(inputSize('544x320')).toEqual({ width: 544, height: 320 });
    expect(inputSize('544X320')).toEqual({ width: 544, height: 320 });
  });

  it.each(['', '400', '544x', 'x320', '544x320x3', '-416', '416.0', '0', '8192', '320:544'])(
    'refuses %j as a size',
    (text) => {
      expect(() => inputSize(text)).toThrow(/multiples of 32 from 32 to 4096, such as 416 or 544x320/);
    },
  );

  it('takes parameters of trackers one by one, with the kind of value that they look like', () => {
    const given = ['track_buffer=2', 'fuse_score = false', 'gmc_method=none', 'a=1e-3', 'a=true'];
    expect(given.reduce((before, text) => trackerOption(text, before), {})).toEqual({
      track_buffer: 2,
      fuse_score: false,
      gmc_method: 'none',
      a: true,
    });
  });

  it.each(['', 'track_buffer', '=2', 'a b=2', 'a='])('"%s" is no parameter', (text) => {
    expect(() => trackerOption(text)).toThrow('expected key=value, such as track_buffer=2');
  });

  it('takes addresses', () => {
    expect(address('8080')).toEqual({ port: 8080 });
    expect(address('0.0.0.0:80')).toEqual({ host: '0.0.0.0', port: 80 });
    expect(address('[::1]:80')).toEqual({ host: '::1', port: 80 });
    expect(() => address('99999')).toThrow(/0 to 65535/);
    expect(() => address('http')).toThrow(/port/);
  });

  it.each(['', ' ', 'abc', '0.5', '0', '11', 'NaN', 'Infinity'])(
    '"%s" is no whole number from 1 to 10',
    (text) => {
      expect(() => numberFrom(1, 10, 'integer')(text)).toThrow('expected a whole number from 1 to 10');
    },
  );
});

const done: SourceSummary = {
  id: 'cars',
  uri: 'cars.mp4',
  outcome: 'completed',
  frames: {
    decoded: 10,
    emitted: 8,
    failed: 0,
    inFlight: 0,
    dropped: { 'inference-lost': 2, overload: 0, stopped: 0 },
  },
  stalls: 0,
  reconnects: 0,
  decodeErrors: 1,
  invalidAnchors: 0,
  detections: 30,
  tracks: 4,
  mediaUs: 65_000_000,
  sinks: [
    { name: 'video', written: 8, skipped: 0, lost: 0, reopened: 0, note: 'cars.tracked.mp4, 8 frames' },
  ],
};

function summary(...sources: SourceSummary[]): RunSummary {
  return { detector: scriptedDetector(1).info, sources, closing: [], inferenceRestarts: 1, elapsedMs: 2000 };
}

function failed(code: ErrorCode): SourceSummary {
  return { ...done, outcome: 'failed', error: new SightlineError(code, 'the reason') };
}

describe('exit codes', () => {
  it.each([
    ['a good run', summary(done), 0],
    ['every source failed', summary(failed('ERR_SOURCE_DECODE'), failed('ERR_SOURCE_NOT_FOUND')), 4],
    ['some failed', summary(done, failed('ERR_SOURCE_DECODE')), 1],
    ['an output that exists', summary(failed('ERR_SINK_EXISTS')), 2],
    ['an output that cannot be written', summary(failed('ERR_SINK_UNWRITABLE')), 1],
    [
      'a sink that broke',
      summary({
        ...done,
        sinks: [
          {
            name: 'v',
            written: 0,
            skipped: 0,
            lost: 0,
            reopened: 0,
            error: new SightlineError('ERR_SINK_FAILED', 'full'),
          },
        ],
      }),
      1,
    ],
    [
      'a sink that could not be closed',
      { ...summary(done), closing: [{ name: 'v', error: new Error('full') }] },
      1,
    ],
    [
      'a reader that went away',
      summary({
        ...done,
        sinks: [
          {
            name: 'v',
            written: 0,
            skipped: 0,
            lost: 0,
            reopened: 0,
            error: new SightlineError('ERR_SINK_CLOSED', 'gone'),
          },
        ],
      }),
      0,
    ],
  ])('%s', (_name, run, code) => {
    expect(exitCodeOfRun(run, false)).toBe(code);
  });

  it('tells an interrupted run whatever else happened', () => {
    expect(exitCodeOfRun(summary(done), true)).toBe(130);
  });

  it.each([
    ['ERR_USAGE', 2],
    ['ERR_FFMPEG_NOT_FOUND', 2],
    ['ERR_MODEL_INVALID', 3],
    ['ERR_BACKEND_FAILED', 3],
    ['ERR_SOURCE_NOT_FOUND', 4],
    ['ERR_SOURCE_INVALID', 4],
    ['ERR_RECORD_INVALID', 1],
    ['ERR_SINK_FAILED', 1],
  ] as const)('%s is %d', (code, exit) => {
    expect(exitCodeOf(new SightlineError(code, 'x'))).toBe(exit);
  });
});

describe('what is printed', () => {
  it('says in one line how far a run is', () => {
    const frames = { ...done.frames, emitted: 50 };
    const source = {
      id: 'a',
      state: 'running' as const,
      frames,
      decodeErrors: 0,
      expectedFrames: 200,
      activeTracks: 3,
    };
    expect(progressText([source], 30)).toBe('25 %  50/200 frames  30.0 fps  3 tracks  2 dropped  0:05 left');
    expect(progressText([{ ...source, expectedFrames: undefined }], undefined)).toBe(
      '50 frames  3 tracks  2 dropped',
    );
  });

  it('never says more than 100 %', () => {
    const source = {
      id: 'a',
      state: 'running' as const,
      frames: { ...done.frames, emitted: 9 },
      decodeErrors: 0,
      expectedFrames: 5,
      activeTracks: 0,
    };
    expect(progressText([source], 1)).toMatch(/^100 % {2}9\/5 frames/);
  });

  it('does not claim that a network ran where records were replayed', () => {
    const run = summary(done);
    const text = summaryText({ ...run, detector: { ...run.detector, replayed: true } });
    expect(text).toMatch(/^replayed: scripted had been on none 0 none \(none, 4x4\), 0:02 elapsed/m);
  });

  it('tells what was counted', () => {
    const dwell = { count: 2, meanUs: 1e6, p50Us: 1.25e6, p90Us: 2e6, p95Us: 2e6, maxUs: 3e6 };
    const directions = [
      { direction: 'west', count: 4, byClass: { car: 3, person: 1 } },
      { direction: 'east', count: 0, byClass: {} },
    ];
    const zone = {
      name: 'yard',
      polygon: [],
      holes: [],
      occupancy: 0,
      peak: 2,
      entered: 5,
      exited: 4,
      dwell,
    };
    const analytics = {
      lines: [{ name: 'road', points: [], directions }],
      zones: [
        { ...zone, enteredByClass: { car: 5 } },
        { ...zone, name: 'bay', dwell: undefined, enteredByClass: {} },
      ],
    };
    expect(
      summaryText(summary({ ...done, analytics }))
        .split('\n')
        .slice(1, 4),
    ).toEqual([
      '  line road: west 4 (car 3, person 1), east 0',
      '  zone yard: 5 entered, 4 left, 2 at most, stay 1.3 s (median) to 3.0 s (longest)',
      '  zone bay: 5 entered, 4 left, 2 at most',
    ]);
  });

  it('sums a run up', () => {
    expect(summaryText(summary(done))).toBe(
      'cars: 10 frames in, 8 out, 2 dropped (inference-lost), 1 decode errors; 30 detections, 4 tracks in 1:05 of video\n' +
        '  video: cars.tracked.mp4, 8 frames\n' +
        'scripted on none 0 none (none, 4x4), 0:02 elapsed, 4.0 fps; inference restarted once\n',
    );
  });

  it('writes clocks as people do', () => {
    expect([clock(5), clock(65.4), clock(3661), clock(-1)]).toEqual(['0:05', '1:05', '1:01:01', '0:00']);
  });
});
