/** Cameras as the command line sees them. That they work is in test/integration/sources/camera.test.ts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clip, ROOT, runCli } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Nobody listens there: ports below 1024 are for servers, and this is none's. */
const NOBODY = 'rtsp://user:s3cret@127.0.0.1:1/stream1';

describe('sightline probe', () => {
  it('says what a file holds', async () => {
    const { code, stdout } = await runCli(['probe', clip('car-detection')], { cwd: ROOT });
    expect(code).toBe(0);
    expect(stdout).toMatch(/works \(file\)/);
    expect(stdout).toMatch(/video +h264 768x432 yuv420p/);
    expect(stdout).toMatch(/rate +12\.50 frames\/s measured/);
    expect(stdout).toMatch(/audio +aac/);
  });

  it('says why a camera does not work, in one line without its password', async () => {
    const { code, stdout, stderr } = await runCli(['probe', NOBODY], { cwd: ROOT });
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toBe('error: "rtsp://***@127.0.0.1:1/stream1" cannot be opened: Connection refused\n');
  });

  it('refuses an address that is none', async () => {
    const { code, stderr } = await runCli(['probe', '--live', 'ftp://camera/stream'], { cwd: ROOT });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: "ftp:\/\/camera\/stream" is no address of a camera: it begins with [^\n]+\n$/,
    );
  });
});

describe('sightline track on a camera that is not there', () => {
  it('goes on with the others, says once what is wrong, and shows its password nowhere', async () => {
    const folder = await temporaryFolder();
    const config = join(folder, 'run.yaml');
    await writeFile(
      config,
      `sources:
  - { type: camera, id: yard, url: "${NOBODY}", giveUpAfter: 2, longestWait: 0.5 }
  - { type: file, path: "${clip('car-detection')}", maxFrames: 5 }
sinks: [{ type: jsonl, path: "-" }]
`,
    );
    const { code, stdout, stderr } = await runCli(
      ['track', '--config', config, '--verbose', ...(await fakeModel())],
      { cwd: ROOT },
    );
    expect(code).toBe(1);
    expect(stdout.split('\n').filter((line) => line.includes('"type":"frame"'))).toHaveLength(5);
    expect(stderr.match(/"yard" is reconnecting/g)).toHaveLength(1);
    expect(stderr).toContain('Connection refused; given up after 2 s without a frame');
    expect(stdout + stderr).not.toContain('s3cret');
  });
});
