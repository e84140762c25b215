import { expect, test } from 'vitest';
import { redact } from '../../../src/ffmpeg/redact.js';

test.each([
  ['http://user:secret@host/path', 'http://***@host/path'],
  ['http://user@host/', 'http://***@host/'],
  ['rtsp://admin:p@ss:word@10.0.0.1:554/1?channel=2', 'rtsp://***@10.0.0.1:554/1?channel=2'],
  ['https://host/a@2x.mp4', 'https://host/a@2x.mp4'],
  ['https://host/v?token=abc&x=1#t', 'https://host/v?token=***&x=1#t'],
  [
    'https://host/v?x=1&X-Amz-Signature=abc&X-Amz-Credential=def',
    'https://host/v?x=1&X-Amz-Signature=***&X-Amz-Credential=***',
  ],
  ['opening http://a:b@c/ and http://d:e@f/ failed', 'opening http://***@c/ and http://***@f/ failed'],
  ['"http://a:b@c/?password=x" failed', '"http://***@c/?password=***" failed'],
  ['a plain file?token of mine.mp4', 'a plain file?token of mine.mp4'],
  ['me@example.org', 'me@example.org'],
])('%s', (text, expected) => {
  expect(redact(text)).toBe(expected);
});
