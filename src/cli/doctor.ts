import { Command } from 'commander';
import { BUNDLED_MODEL, VERSION } from '../app/app.js';
import { diagnose } from '../app/diagnose.js';
import { oneLine } from '../text/printable.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { inputSize } from './parse-values.js';
import { print } from './terminal.js';

interface DoctorFlags {
  model?: string;
  device: string;
  size?: ReturnType<typeof inputSize>;
  json?: true;
}

const SIGNS = { ok: 'ok', missing: 'MISSING', absent: '-' } as const;

/** `sightline doctor`. @param onExit told the exit code. */
export function doctorCommand(onExit: (code: number) => void): Command {
  return new Command('doctor')
    .description('say what was found here: Node, ffmpeg, backends, model; and whether they work')
    .option('--model <dir>', 'folder with model.json and weights (default: the bundled street-b0)')
    .option('--device <name>', 'device to try, as `sightline track` takes it', 'auto')
    .option('--size <w>x<h>', "size of the network's input to try (default: the model's)", inputSize)
    .option('--json', 'print JSON')
    .action(async ({ model, device, size, json }: DoctorFlags) => {
      const findings = await diagnose({ modelDir: model ?? BUNDLED_MODEL, device, size });
      if (json === true) {
        const plain = findings.map(({ subject, status, text }) => ({ subject, status, text }));
        print(JSON.stringify({ version: VERSION, findings: plain }, null, 2));
      } else {
        const width = Math.max(...findings.map(({ subject }) => subject.length));
        const rows = findings.map(({ subject, status, text }) =>
          oneLine(`${subject.padEnd(width)}  ${SIGNS[status].padEnd(7)}  ${text}`),
        );
        print(`sightline ${VERSION}\n${rows.join('\n')}`);
      }
      const problem = findings.find(({ status }) => status === 'missing');
      onExit(problem === undefined ? EXIT.done : exitCodeOf(problem.error));
    });
}
