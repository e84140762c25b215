import { expect, test } from 'vitest';
import { makeBeeps, beepVideo } from '../support/beeps.js';
import { descendantsOf, isAlive, startCli, until } from '../support/cli.js';
import { fakeModel } from '../support/fake-model.js';
import { dripping } from '../support/live-server.js';
import { MediaFolder, runFfmpeg } from '../support/media.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FAKE = await fakeModel();

test.each([
  ['SIGKILL', null],
  ['SIGINT', 130],
] as const)('the process that adds the sound ends with us, by %s', async (signal, expected) => {
  const cwd = await temporaryFolder();
  const beeps = await makeBeeps(new MediaFolder(cwd));
  const clip = await runFfmpeg('-i', beeps, ...beepVideo, '-c:a', 'aac', '-f', 'mpegts', 'pipe:1');
  // To be looked at and to be decoded; the third time is for the sound.
  const address = await dripping(clip, 2);
  const { child, finished } = startCli(['track', address, '--video', 'out.mp4', ...FAKE], { cwd });
  const joining = await until(() =>
    descendantsOf(child.pid!).find(({ command }) => /framecrc/.test(command)),
  );
  // An interrupt has to be repeated: the first one waits for the sound.
  await until(() => {
    child.kill(signal);
    return child.exitCode !== null || child.signalCode !== null;
  });
  expect((await finished).code).toBe(expected);
  await until(() => !isAlive(joining.pid));
});
