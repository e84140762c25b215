import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { HeatMapSnapshot } from '../../../src/contract/events.js';
import { createHeatMapSink } from '../../../src/sinks/heat-map/heat-map-sink.js';
import type { SinkStream } from '../../../src/contract/sink.js';
import { detectorInfo, frameResult, runSummary, sourceInfo } from '../../support/results.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { greyPicture } from '../../support/video-files.js';

/** All time in one cell of 8 × 6: the third from the left in the fourth row. */
function spot(seconds = 20): HeatMapSnapshot {
  const cells = new Float32Array(48);
  cells[3 * 8 + 2] = seconds;
  return { columns: 8, rows: 6, seconds: cells };
}

async function started(
  path: string,
  size = { width: 640, height: 480 },
  overwrite = false,
): Promise<SinkStream> {
  const sink = createHeatMapSink({ path, overwrite });
  await sink.prepare?.();
  return sink.open(sourceInfo(size), detectorInfo());
}

async function pixelsOf(path: string): Promise<{ width: number; at: (x: number, y: number) => number[] }> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => [...data.subarray(3 * (y * info.width + x)).subarray(0, 3)];
  return { width: info.width, at };
}

const spread = ([r, g, b]: readonly number[]): number => Math.max(r!, g!, b!) - Math.min(r!, g!, b!);

describe('heat map', () => {
  it('lies over a late picture of the source, brightest where most time was spent', async () => {
    const path = join(await temporaryFolder(), 'heat.png');
    const stream = await started(path);
    for (let index = 0; index < 12; index++)
      await stream.write(frameResult(index, { picture: greyPicture(640, 480, 20 + 15 * index) }));
    await stream.end('completed', [], spot());
    expect(stream.describe?.()).toBe(path);
    const { width, at } = await pixelsOf(path);
    expect(width).toBe(640);
    // The middle of the cell, and places far from it that show the picture: the eighth frame, darkened and without colour.
    const [hot, beside] = [at(200, 280), at(500, 150)];
    expect(Math.min(hot[0]!, hot[1]!)).toBeGreaterThan(200);
    expect(spread(beside)).toBeLessThan(2);
    const luma = ((20 + 15 * 7 - 16) * 255) / 219;
    expect(beside[0]).toBeGreaterThan(0.6 * luma - 3);
    expect(beside[0]).toBeLessThan(0.64 * luma + 3);
  });

  it('lies over the picture as it was when its size had changed', async () => {
    const path = join(await temporaryFolder(), 'heat.png');
    const stream = await started(path);
    await stream.write(frameResult(0, { picture: greyPicture(640, 480, 40) }));
    await stream.write(frameResult(1, { picture: greyPicture(320, 180, 200) }));
    await stream.end('completed', [], spot());
    const { width, at } = await pixelsOf(path);
    expect(width).toBe(320);
    expect(at(300, 20)[0]).toBeGreaterThan(100);
  });

  it('does without a picture, and without anything to show', async () => {
    const folder = await temporaryFolder();
    const stream = await started(join(folder, 'a.png'));
    await stream.write(frameResult(0));
    await stream.end('stopped', [], spot(0));
    const { at } = await pixelsOf(join(folder, 'a.png'));
    expect(at(200, 280)).toEqual(at(500, 150));
  });

  it.each([
    [1, 1],
    [33, 17],
    [321, 243],
  ])('can be %d × %d', async (width, height) => {
    const path = join(await temporaryFolder(), 'small.png');
    const stream = await started(path, { width, height });
    await stream.write(frameResult(0, { picture: greyPicture(width, height) }));
    await stream.end('completed', [], spot());
    expect(await sharp(path).metadata()).toMatchObject({ format: 'png', width, height });
  });

  it('puts its scale where it hides least', async () => {
    const path = join(await temporaryFolder(), 'corner.png');
    const stream = await started(path);
    const cells = new Float32Array(48);
    cells[5 * 8] = 3;
    await stream.end('completed', [], { columns: 8, rows: 6, seconds: cells });
    const { at } = await pixelsOf(path);
    expect(at(20, 465)[0]).toBeGreaterThan(200);
    // The panel is darker than the ground.
    expect(at(632 - 8, 480 - 20)[0]).toBeLessThan(at(320, 240)[0]!);
  });

  it('leaves no file where there was no analytics, and none half written', async () => {
    const folder = await temporaryFolder();
    const stream = await started(join(folder, 'none.png'));
    await stream.write(frameResult(0, { picture: greyPicture(640, 480) }));
    await stream.end('failed', []);
    expect(stream.describe?.()).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps what exists unless it may replace it', async () => {
    const path = join(await temporaryFolder(), 'old.png');
    await writeFile(path, 'precious');
    await expect(started(path)).rejects.toMatchObject({
      code: 'ERR_SINK_EXISTS',
      message: expect.stringContaining(`the heat map output "${path}" exists`) as string,
    });
    expect(await readFile(path, 'utf8')).toBe('precious');
    const stream = await started(path, undefined, true);
    await stream.end('completed', [], spot());
    expect((await sharp(path).metadata()).format).toBe('png');
  });

  it('takes one source only, PNG only, and a folder that is there', async () => {
    expect(() => createHeatMapSink({ path: 'a.jpg' })).toThrow(/let its name end in \.png/);
    const folder = await temporaryFolder();
    await expect(started(join(folder, 'no', 'a.png'))).rejects.toMatchObject({ code: 'ERR_SINK_UNWRITABLE' });
    const sink = createHeatMapSink({ path: join(folder, 'a.png') });
    await sink.open(sourceInfo(), detectorInfo());
    await expect(sink.open(sourceInfo({ id: 'b' }), detectorInfo())).rejects.toThrow(
      /already belongs to "cars"/,
    );
    await sink.close(runSummary());
  });
});
