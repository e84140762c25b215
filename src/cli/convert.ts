import { Command, Option } from 'commander';
import { BUNDLED_MODEL } from '../app/app.js';
import { SightlineError } from '../errors.js';
import { type Conversion, convertModel, type ConvertOptions } from '../model/import/convert-model.js';
import { EXPORT_FORMATS, type ExportFormat, exportModel } from '../model/export/export-model.js';
import type { EfficientNetManifest, Phi } from '../model/architectures/efficientnet-yolov3/manifest.js';
import { EXIT } from './exit-codes.js';
import { anchorMask, inputSize, numberFrom } from './parse-values.js';
import { print } from './terminal.js';

interface ConvertFlags {
  readonly out?: string;
  readonly to?: ExportFormat;
  readonly classes?: string;
  readonly anchors?: string;
  readonly anchorMask?: EfficientNetManifest['anchorMask'];
  readonly phi?: Phi;
  readonly size?: ReturnType<typeof inputSize>;
  readonly name?: string;
  readonly precision?: 'float32' | 'float16';
  readonly boxes?: true;
  readonly overwrite?: true;
}

/** What people call weights that can be converted, or that they think can. */
const WEIGHTS_NAME = /\.(h5|hdf5|keras|safetensors|pth|pt|ckpt|bin)$/i;

/** `sightline convert`. @param onExit told the exit code. */
export function convertCommand(onExit: (code: number) => void): Command {
  return new Command('convert')
    .description(
      'make a model folder of weights (Keras .h5, PyTorch state dict as .safetensors, another model folder), or with --to ' +
        'write a model for other programs',
    )
    .argument('[input]', 'weights or model folder; with --to it may be left out for the bundled model')
    .argument('[output]', 'with --to: the file or folder to write')
    .option('--out <dir>', 'model folder to write')
    .option('--overwrite', 'replace an existing model')
    .addOption(
      new Option('--precision <name>', 'form of the kernels on disk (default: float32)').choices([
        'float32',
        'float16',
      ]),
    )
    .optionsGroup('What the weights do not say:')
    .option('--classes <file>', 'text file of class names, one a line')
    .option('--anchors <file>', 'text file of nine anchors: 18 numbers with commas')
    .option(
      '--anchor-mask <indices>',
      'anchors of each head, coarse to fine (default: 6,7,8,3,4,5,0,1,2)',
      anchorMask,
    )
    .option(
      '--phi <n>',
      'size step of EfficientNet, 0 to 7 (default: by the shapes of the weights)',
      numberFrom(0, 7, 'integer'),
    )
    .option('--size <w>x<h>', "size of the network's input, such as 416 or 544x320 (default: 416)", inputSize)
    .option('--name <text>', "the model's name (default: the folder's)")
    .optionsGroup('For other programs:')
    .addOption(new Option('--to <format>', 'format to write').choices(EXPORT_FORMATS))
    .option('--boxes', 'with --to onnx: the graph ends in boxes and scores instead of raw heads')
    .action(async (first: string | undefined, second: string | undefined, flags: ConvertFlags) => {
      const lines =
        flags.to === undefined
          ? await convert(first, second, flags)
          : await exportTo(flags.to, first, second, flags);
      print(lines.join('\n'));
      onExit(EXIT.done);
    });
}

async function convert(
  input: string | undefined,
  extra: string | undefined,
  flags: ConvertFlags,
): Promise<string[]> {
  if (input === undefined) throw usage('name the weights: sightline convert WEIGHTS --out DIR');
  if (flags.out === undefined || extra !== undefined) {
    throw usage('name the folder to write with --out DIR, or a format with --to');
  }
  if (flags.boxes === true) throw usage('--boxes belongs to --to onnx');
  return describe(flags.out, await convertModel({ ...optionsOf(flags), input, out: flags.out }));
}

async function exportTo(
  format: ExportFormat,
  first: string | undefined,
  second: string | undefined,
  flags: ConvertFlags,
): Promise<readonly string[]> {
  const out = second ?? first;
  // A name that stands alone is the output: weights would be overwritten by the bundled model.
  const forgotten = second === undefined && first !== undefined && WEIGHTS_NAME.test(first);
  if (out === undefined || forgotten || flags.out !== undefined) {
    throw usage(`name what to write behind the format: sightline convert MODEL --to ${format} OUTPUT`);
  }
  const input = second === undefined ? BUNDLED_MODEL : (first ?? BUNDLED_MODEL);
  return exportModel(format, { ...optionsOf(flags), input, out, boxes: flags.boxes });
}

function optionsOf(flags: ConvertFlags): Omit<ConvertOptions, 'input' | 'out'> {
  const { classes, anchors, anchorMask: mask, phi, size, name, precision, overwrite } = flags;
  return { classes, anchors, anchorMask: mask, phi, size, name, precision, overwrite };
}

function describe(
  dir: string,
  { manifest, title, source, parameters, bytes, rounding, warnings }: Conversion,
): string[] {
  const { name, input, classes } = manifest;
  const facts = [
    `${dir}: ${name}, ${title} at ${input.width}x${input.height}, ${classes.length} classes`,
    `${(parameters / 1e6).toFixed(1)} million parameters in ${(bytes / 1e6).toFixed(1)} MB, from ${source}`,
  ];
  if (rounding.largest > 0) {
    facts.push(`largest rounding: ${rounding.largest.toPrecision(2)} of the largest value of its kernel`);
  }
  return [...facts, ...warnings.map((warning) => `note: ${warning}`)];
}

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
