// Decodes a file with the ffmpeg given, takes one frame, says so and waits for its own end, holding all memory.
import { setInterval } from 'node:timers';
import { createFileSource } from '../../../dist/sources/file/file-source.js';
import { createFramePool } from '../../../dist/pipeline/frame-pool.js';

const [path, ffmpegPath, ffprobePath] = process.argv.slice(2);
const ffmpeg = { ffmpegPath, ffprobePath, version: '6.0', major: 6 };
const request = { input: { width: 416, height: 416, pad: 128, kernel: 'area' }, image: true };
const source = createFileSource({ id: 'clip', path, ffmpeg });
const { signal } = new globalThis.AbortController();
const info = await source.open(request, signal, () => undefined);
const pool = createFramePool({ sourceId: info.id, capacity: 2, geometry: info, request });
const frames = source.frames(pool, signal)[Symbol.asyncIterator]();
await frames.next();
console.log('decoding');
setInterval(() => undefined, 1000);
