import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary-folder.js';

interface Report {
  readonly findings: readonly { readonly subject: string; readonly status: string; readonly text: string }[];
}

it('doctor says what was found, and that the network works', async () => {
  const { code, stdout } = await runCli(['doctor', '--json'], { cwd: await temporaryFolder() });
  expect(code).toBe(0);
  const { findings } = JSON.parse(stdout) as Report;
  const status = Object.fromEntries(findings.map((finding) => [finding.subject, finding.status]));
  expect(status).toMatchObject({
    node: 'ok',
    ffmpeg: 'ok',
    model: 'ok',
    'onnxruntime:cpu': 'ok',
    inference: 'ok',
  });
  expect(findings.find(({ subject }) => subject === 'inference')?.text).toMatch(/onnxruntime .* on cpu/);
  for (const { status: state, text } of findings) if (state !== 'ok') expect(text).not.toBe('');
});

it('doctor says what is missing, with the exit code of that', async () => {
  const cwd = await temporaryFolder();
  const without = await runCli(['doctor'], { cwd, env: { PATH: cwd } });
  expect(without.code).toBe(2);
  expect(without.stdout).toMatch(/ffmpeg +MISSING +ffmpeg was not found on the PATH; install it with/);
  const model = await runCli(['doctor', '--model', dirname(process.execPath)], { cwd });
  expect(model.code).toBe(3);
  expect(model.stdout).toMatch(/model +MISSING/);
});
