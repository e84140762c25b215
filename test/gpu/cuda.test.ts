import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { intersectionOverUnion } from '../../src/geometry/box.js';
import type { Backend } from '../../src/model/backends/backend.js';
import { createOnnxruntimeBackend } from '../../src/model/backends/onnxruntime.js';
import type { DetectorOptions } from '../../src/model/detector-options.js';
import { createDetector } from '../../src/model/detector.js';
import { emitOnnx } from '../../src/model/export/onnx.js';
import { createHostedDetector, type HostedDetector } from '../../src/model/host/supervisor.js';
import { loadNetwork } from '../../src/model/load-network.js';
import type { Phi } from '../../src/model/architectures/efficientnet-yolov3/manifest.js';
import type { Box } from '../../src/contract/picture.js';
import { hostsOf, isThere } from '../integration/host/processes.js';
import { clipFrame } from '../support/clip-frame.js';
import { closing, difference, expectGoldenHeads, HEAD_TOLERANCE } from '../support/compare-heads.js';
import { goldenModels, goldenNetwork, goldenPicture } from '../support/golden-network.js';
import { cardMemoryMb, cudaMissing } from '../support/graphics-card.js';

const STREET = fileURLToPath(new URL('../../models/street-b0', import.meta.url));
const CUDA = { modelDir: STREET, device: 'cuda', maxBatch: 4 };
const missing = await cudaMissing();

describe.skipIf(missing !== undefined)('a network on a card', () => {
  for (const { phi, outputs } of goldenModels()) {
    it(`gives the reference's heads for EfficientNet-B${phi}`, async () => {
      await using backend = closing(await onCard(phi));
      expect(backend.info).toMatchObject({ backend: 'onnxruntime', device: 'cuda', precision: 'float32' });
      expectGoldenHeads(await backend.run(goldenPicture(), 1), outputs, HEAD_TOLERANCE / 10);
    });
  }

  it('gives each picture of a batch what it gets alone, for batches of 1 to 16', async () => {
    await using backend = closing(await onCard(0, 16));
    const picture = goldenPicture();
    const pictures = Array.from({ length: 16 }, (_, at) => picture.map((sample) => (sample + 16 * at) % 256));
    const alone: Float32Array[][] = [];
    for (const each of pictures) {
      alone.push((await backend.run(each, 1)).map(({ data }) => data.slice()));
    }
    for (let count = 1; count <= 16; count++) {
      const heads = await backend.run(Buffer.concat(pictures.slice(0, count)), count);
      for (const [index, { data }] of heads.entries()) {
        const size = data.length / count;
        for (let at = 0; at < count; at++) {
          const part = data.subarray(at * size, (at + 1) * size);
          expect(difference(part, alone[at]![index]!)).toBeLessThan(1e-4);
        }
      }
    }
  });
});

describe.skipIf(missing !== undefined)('a detector on a card', () => {
  it.each(['car-detection.mp4', 'one-by-one-person-detection.mp4'])(
    'finds what the processor finds in %s',
    async (clip) => {
      const frames = [3, 5, 7, 8].map((seconds) => clipFrame(clip, seconds, 416));
      const onProcessor = await createDetector({ ...CUDA, device: 'cpu' });
      const expected = await onProcessor.detect(frames);
      await onProcessor.close();
      expect(expected.flatMap(({ detections }) => detections).length).toBeGreaterThan(1);

      const detector = await hosted();
      const found = await detector.detect(frames);
      for (const [index, { detections }] of found.entries()) {
        const wanted = expected[index]!.detections;
        expect(detections.map(({ label }) => label)).toEqual(wanted.map(({ label }) => label));
        for (const [at, { box, confidence }] of detections.entries()) {
          expect(overlap(box, wanted[at]!.box)).toBeGreaterThan(0.99);
          expect(Math.abs(confidence - wanted[at]!.confidence)).toBeLessThan(0.01);
        }
      }
    },
  );

  it('does not mind TERM, which a service manager sends to everyone', async () => {
    const detector = await hosted();
    const frame = clipFrame('car-detection.mp4', 8, 416);
    const before = await detector.detect([frame]);
    const [pid] = hostsOf(process.pid);
    process.kill(pid!, 'SIGTERM');
    expect(await detector.detect([frame])).toEqual(before);
    expect(detector.restarts).toBe(0);
  });

  it('is there again after its process was killed, and finds the same', async () => {
    const detector = await hosted();
    const frame = clipFrame('car-detection.mp4', 8, 416);
    const before = await detector.detect([frame]);
    const [pid] = hostsOf(process.pid);
    process.kill(pid!, 'SIGKILL');
    await vi.waitUntil(() => detector.restarts === 1, { timeout: 60_000 });
    expect(await detector.detect([frame])).toEqual(before);
  });

  it('gives its memory back', async () => {
    const before = cardMemoryMb();
    const detector = await hosted();
    await detector.detect([clipFrame('car-detection.mp4', 8, 416)]);
    expect(cardMemoryMb()).toBeGreaterThan(before + 100);
    const [pid] = hostsOf(process.pid);
    await detector.close();
    expect(isThere(pid!)).toBe(false);
    await vi.waitUntil(() => cardMemoryMb() < before + 32, { timeout: 30_000, interval: 200 });
  });

  it('is refused when all cards are hidden from it', async () => {
    await expect(hosted({ gpu: { visibleDevices: [] } })).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/^onnxruntime cannot start on "cuda": [^\n]+$/) as string,
    });
  });
});

describe.runIf(missing !== undefined)('a card that is not there', () => {
  it('is an error when it was asked for, and nothing else is taken', async () => {
    await expect(loadNetwork(STREET, { device: 'cuda' })).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: `device "cuda" is not available: ${missing!}; or use "cpu"`,
    });
  });
});

function onCard(phi: Phi, maxBatch?: number): Promise<Backend> {
  return createOnnxruntimeBackend(emitOnnx(goldenNetwork(phi)), { device: 'cuda', maxBatch });
}

/** A detector in a process of its own, closed after the test. */
async function hosted(options: Partial<DetectorOptions> = {}): Promise<HostedDetector> {
  const detector = await createHostedDetector({ ...CUDA, ...options });
  onTestFinished(() => detector.close());
  return detector;
}

function overlap(a: Box, b: Box): number {
  return intersectionOverUnion(a.x1, a.y1, a.x2, a.y2, b.x1, b.y1, b.x2, b.y2);
}
