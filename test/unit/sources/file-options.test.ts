import { expect, test } from 'vitest';
import { z } from 'zod';
import { fileSourceOptions, parseFileSourceOptions } from '../../../src/sources/file/options.js';

test('times are seconds or h:mm:ss', () => {
  expect(parseFileSourceOptions('clip', { start: '1:02:03.5', duration: '90' })).toEqual({
    start: 3723.5,
    duration: 90,
  });
  expect(parseFileSourceOptions('clip', { start: 0, stride: 2 })).toEqual({ start: 0, stride: 2 });
});

test.each([
  [{ start: -1 }, 'start of "clip" is -1: expected seconds from 0, as a number or as h:mm:ss'],
  [{ start: '1:2:3:4' }, 'start of "clip" is 1:2:3:4: expected seconds from 0, as a number or as h:mm:ss'],
  [{ start: Infinity }, 'start of "clip" is Infinity: expected seconds from 0, as a number or as h:mm:ss'],
  [{ start: true }, 'start of "clip" is true: expected seconds from 0, as a number or as h:mm:ss'],
  [{ duration: 0 }, 'duration of "clip" is 0: expected seconds above 0, as a number or as h:mm:ss'],
  [{ duration: '0:00' }, 'duration of "clip" is 0:00: expected seconds above 0, as a number or as h:mm:ss'],
  [{ stride: 0 }, 'stride of "clip" is 0: expected a whole number from 1'],
  [{ maxFrames: Number.NaN }, 'maxFrames of "clip" is NaN: expected a whole number from 1'],
  [{ threads: -1 }, 'threads of "clip" is -1: expected a whole number from 0'],
  [{ stirde: 2 }, /^options of "clip": .*stirde/],
])('%j is refused', (options, message) => {
  expect(() => parseFileSourceOptions('clip', options as object)).toThrow(message);
});

test('a JSON schema can be made of it', () => {
  const { properties } = z.toJSONSchema(fileSourceOptions, { io: 'input' });
  expect(properties?.['start']).toMatchObject({ type: ['number', 'string'] });
});
