import { describe, expect, it } from 'vitest';
import type { ModelDescription } from '../../src/model/describe-model.js';
import { ROOT, runCli } from '../support/cli.js';

const STREET = `${ROOT}models/street-b0`;

async function info(...args: string[]) {
  return runCli(['model', 'info', ...args], { cwd: ROOT });
}

describe('sightline model info', () => {
  it('prints the bundled model, a row for each stage', async () => {
    const { code, stdout, stderr } = await info();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^model +street-b0: efficientnet-b0-yolov3, 6 classes$/m);
    expect(stdout).toMatch(/^weights +weights.safetensors, float16, 21\.5 MB$/m);
    expect(stdout).toMatch(/^total +10,614,255 parameters, 3\.07 G multiply-adds a picture$/m);
    expect(stdout).toMatch(/^head5 +4 +13x13x33 +32 +1,866,913 +315,070,080 +10\.3 %$/m);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('prints every layer, at another size', async () => {
    const { code, stdout } = await info(STREET, '--layers', '--size', '544x320');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^input +544x320 rgb/m);
    expect(stdout).toMatch(/^stem_conv +conv +3x3 \/2 +272x160x32 +2 +864 +37,601,280 +1\.2 %$/m);
    expect(stdout).toMatch(/^block1a_se_squeeze +pool +1x1x32 +- +0 +0 +0\.0 %$/m);
  });

  it('prints JSON in which the parts make up the whole', async () => {
    const { stdout } = await info('--json');
    const { format, network, weights, anchors } = JSON.parse(stdout) as Required<ModelDescription> & {
      anchors: number[][][];
    };
    expect(format).toBe('sightline-model-info/1');
    expect(weights).toMatchObject({ precision: 'float16', bytes: 21_477_324 });
    expect(anchors[0]).toEqual([
      [116, 90],
      [156, 198],
      [373, 326],
    ]);
    expect(network!.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(10_614_255);
    expect(network!.total.layers).toBe(network!.layers.length);
  });

  it('says in one line what cannot be described', async () => {
    const missing = await info('/nowhere');
    expect([missing.code, missing.stderr]).toEqual([
      3,
      expect.stringMatching(/^error: no model in "\/nowhere": [^\n]+\n$/),
    ]);
    const odd = await info('--size', '417');
    expect([odd.code, odd.stderr]).toEqual([
      2,
      expect.stringMatching(/^error: [^\n]+multiples of 32[^\n]+\n$/),
    ]);
    const bare = await runCli(['model'], { cwd: ROOT });
    expect([bare.code, bare.stderr]).toEqual([
      2,
      expect.stringMatching(/info \[options\] \[dir\][^]*command\n$/),
    ]);
  });
});
