import { Command, InvalidArgumentError, Option } from 'commander';
import { BUNDLED_MODEL } from '../app/app.js';
import { SightlineError } from '../errors.js';
import { convertModel } from '../model/import/convert-model.js';
import type { Conversion, ConvertOptions } from '../model/import/convert-options.js';
import { DECODE_FAMILIES, FAMILY_LINES } from '../model/import/recognise-onnx.js';
import { EXPORT_FORMATS, type ExportFormat, exportModel } from '../model/export/export-model.js';
import { IMAGENET } from '../model/onnx/onnx-family.js';
import { EXIT } from './exit-codes.js';
import { anchorMask, inputSize, numberFrom } from './parse-values.js';
import { oneLine } from '../text/printable.js';
import { print } from './terminal.js';

interface ConvertFlags extends Omit<ConvertOptions, 'input' | 'out'> {
  readonly out?: string;
  readonly to?: ExportFormat;
  readonly boxes?: true;
}

/** What people call weights that can be converted, or that they think can. */
const WEIGHTS_NAME = /\.(h5|hdf5|keras|safetensors|pth|pt|ckpt|bin)$/i;

const STRETCH_HELP =
  'pictures fill the input whatever their shape, as they did in training; --no-stretch keeps their shape (default, but for detr)';

/** `sightline convert`. @param onExit told the exit code. */
export function convertCommand(onExit: (code: number) => void): Command {
  return new Command('convert')
    .description(
      'make a model folder of weights (Keras .h5, PyTorch state dict as .safetensors, another model folder) or of a detector ' +
        'that another program exported (.onnx), or with --to write a model for other programs',
    )
    .argument('[input]', 'weights, .onnx or model folder; with --to it may be left out for the bundled model')
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
    .option('--stretch', STRETCH_HELP)
    .addOption(new Option('--no-stretch').hideHelp())
    .optionsGroup('For an .onnx; what is left out is as the family has it:')
    .addOption(new Option('--decode <family>', 'what its outputs mean').choices(DECODE_FAMILIES))
    .addOption(new Option('--channels <order>', 'order of the channels').choices(['rgb', 'bgr']))
    .option(
      '--scale <factor>',
      'what samples of 0 to 255 are multiplied with, such as 1 or 1/255',
      scaleFactor,
    )
    .option(
      '--normalise <what>',
      'after that: imagenet, none, or three means, a slash and three deviations: 0.5,0.5,0.5/0.2,0.2,0.2',
      normalisation,
    )
    .option('--pad <grey>', 'grey of the borders, 0 to 255', numberFrom(0, 255, 'integer'))
    .addOption(
      new Option('--placement <where>', 'where the picture lies in the input').choices([
        'centre',
        'top-left',
      ]),
    )
    .optionsGroup('For other programs:')
    .addOption(new Option('--to <format>', 'format to write').choices(EXPORT_FORMATS))
    .option('--boxes', 'with --to onnx: the graph ends in boxes and scores instead of raw heads')
    .addHelpText('after', `\nFamilies:\n${FAMILY_LINES.map((line) => `  ${line}`).join('\n')}`)
    .action(async (first: string | undefined, second: string | undefined, flags: ConvertFlags) => {
      const lines =
        flags.to === undefined
          ? await convert(first, second, flags)
          : await exportTo(flags.to, first, second, flags);
      print(lines.map(oneLine).join('\n'));
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
  if (flags.decode !== undefined) {
    throw usage(
      '--decode says what the outputs of an .onnx mean; with --to onnx, --boxes ends the graph in boxes',
    );
  }
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
  const { out: _out, to: _to, boxes: _boxes, ...options } = flags;
  return options;
}

function describe(
  dir: string,
  { manifest, title, source, parameters, bytes, rounding, warnings }: Conversion,
): string[] {
  const { name, input, classes } = manifest;
  const fit = input.letterbox.fit === 'stretch' ? ', stretched' : '';
  const facts = [
    `${dir}: ${name}, ${title} at ${input.width}x${input.height}${fit}, ${classes.length} classes`,
    `${(parameters / 1e6).toFixed(1)} million parameters in ${(bytes / 1e6).toFixed(1)} MB, from ${source}`,
  ];
  if (rounding.largest > 0) {
    facts.push(`largest rounding: ${rounding.largest.toPrecision(2)} of the largest value of its kernel`);
  }
  return [...facts, ...warnings.map((warning) => `note: ${warning}`)];
}

/** `1`, `0.5` or `1/255`. */
function scaleFactor(text: string): number {
  const [, above = '', below = '1'] = /^([\d.]+)(?:\/([\d.]+))?$/.exec(text.trim()) ?? [];
  const factor = above === '' ? NaN : Number(above) / Number(below);
  if (factor > 0 && Number.isFinite(factor)) return factor;
  throw new InvalidArgumentError('expected a number above 0 or a fraction, such as 1 or 1/255');
}

/** `imagenet`, `none`, or means and deviations of the three channels: `0.5,0.5,0.5/0.2,0.2,0.2`. */
function normalisation(text: string): NonNullable<ConvertOptions['normalise']> | null {
  if (text === 'none') return null;
  if (text === 'imagenet') return IMAGENET;
  const [mean, std] = text.split('/').map((part) => part.split(',').map(Number));
  if (isTriple(mean) && isTriple(std) && std.every((value) => value > 0)) return { mean, std };
  throw new InvalidArgumentError('expected imagenet, none, or numbers such as 0.5,0.5,0.5/0.2,0.2,0.2');
}

function isTriple(numbers: readonly number[] | undefined): numbers is [number, number, number] {
  return numbers?.length === 3 && numbers.every((value) => Number.isFinite(value));
}

function usage(message: string): SightlineError {
  return new SightlineError('ERR_USAGE', message);
}
