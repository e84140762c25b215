import { Command, Option } from 'commander';
import { TENSORFLOW_PACKAGES, type TensorflowPackage } from '../tensorflow-link/ask-python.js';
import { linkTensorflow, PINNED_TENSORFLOW } from '../tensorflow-link/link-tensorflow.js';
import { EXIT } from './exit-codes.js';
import { print } from './terminal.js';

interface LinkFlags {
  readonly from?: string;
  readonly package?: TensorflowPackage;
  readonly tensorflowVersion?: string;
  readonly python?: string;
}

/** `sightline link-tensorflow`. @param onExit told the exit code. */
export function linkTensorflowCommand(onExit: (code: number) => void): Command {
  return new Command('link-tensorflow')
    .description(
      'build tfjs-node against a TensorFlow of today: the one that --from names, else one installed in Python, else one from ' +
        'the cache, else fetched with pip (about 0.3 GB, 0.9 GB unpacked)',
    )
    .option('--from <path>', 'a wheel of TensorFlow, or the folder of an unpacked or installed one')
    .addOption(
      new Option('--package <name>', 'take or fetch this Python package only').choices(TENSORFLOW_PACKAGES),
    )
    .option(
      '--tensorflow-version <version>',
      `take or fetch this version only (fetched otherwise: ${PINNED_TENSORFLOW})`,
    )
    .option(
      '--python <program>',
      'the Python that is asked and that runs pip and node-gyp (default: python3)',
    )
    .action(async ({ from, package: name, tensorflowVersion: version, python }: LinkFlags) => {
      const request = {
        from,
        package: name,
        version,
        python: python ?? 'python3',
        named: python !== undefined,
      };
      await linkTensorflow(request, (line) => {
        print(line);
      });
      onExit(EXIT.done);
    });
}
