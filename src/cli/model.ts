import { Command } from 'commander';
import { BUNDLED_MODEL } from '../app/app.js';
import { type DescribedModel, describeModel } from '../model/describe-model.js';
import type { LayerDescription, StageDescription } from '../model/graph/describe.js';
import { EXIT } from './exit-codes.js';
import { inputSize } from './parse-values.js';
import { print } from './terminal.js';
import { oneLine } from '../text/printable.js';
import { type Column, columnTable } from '../text/table.js';

interface InfoFlags {
  readonly size?: ReturnType<typeof inputSize>;
  readonly layers?: true;
  readonly json?: true;
}

/** `sightline model …`. @param onExit told the exit code. */
export function modelCommand(onExit: (code: number) => void): Command {
  const info = new Command('info')
    .description('print what a model is and what each part of its network costs')
    .argument('[dir]', 'folder with model.json and weights (default: the bundled street-b0)')
    .option('--size <w>x<h>', "count for another size of the input (default: the model's)", inputSize)
    .option('--layers', 'a row for each layer instead of each stage')
    .option('--json', 'print JSON, with every layer')
    .action(async (dir: string | undefined, { size, layers, json }: InfoFlags) => {
      const model = await describeModel(dir ?? BUNDLED_MODEL, size);
      const text =
        json === true ? JSON.stringify(model.description, null, 2) : pageOf(model, layers === true);
      print(text);
      onExit(EXIT.done);
    });
  return new Command('model').description('look at models').addCommand(info);
}

function pageOf(model: DescribedModel, layers: boolean): string {
  const facts = factsOf(model);
  const { network } = model.description;
  if (network === undefined) return facts.join('\n');
  const total = network.total.multiplyAdds;
  const table = layers
    ? columnTable(layerColumns(total), network.layers)
    : columnTable(
        stageColumns(total),
        network.stages.filter(({ name }) => name !== 'input'),
      );
  return [...facts, '', table].join('\n');
}

function factsOf({ title, facts, description }: DescribedModel): string[] {
  const { name, classes, input, defaults, weights, network } = description;
  const { width, height, channels, letterbox } = input;
  const count = `${classes.length} ${classes.length === 1 ? 'class' : 'classes'}`;
  const { fit = 'letterbox', placement = 'centre', pad, kernel } = letterbox;
  const corner = placement === 'centre' ? '' : ', at the top left';
  const where = fit === 'stretch' ? 'stretched' : `letterboxed on grey ${pad}${corner}`;
  const all: (readonly [string, string])[] = [
    ['model', `${name}: ${title}, ${count}`],
    ['classes', classes.length > 20 ? `${classes.slice(0, 20).join(', ')}, …` : classes.join(', ')],
    ['input', `${width}x${height} ${channels}, ${where} (${kernel})`],
    ...facts,
    ['weights', `${weights.file}, ${weights.precision}, ${(weights.bytes / 1e6).toFixed(1)} MB`],
    ['defaults', `confidence ${defaults.confidence}, IoU ${defaults.iou}`],
  ];
  if (network !== undefined) {
    const { parameters, multiplyAdds } = network.total;
    const cost = `${(multiplyAdds / 1e9).toFixed(2)} G multiply-adds a picture`;
    all.push(['total', `${grouped(parameters)} parameters, ${cost}`]);
  }
  return all.map(([heading, text]) => oneLine(`${heading.padEnd(8)}  ${text}`));
}

type Part = StageDescription | LayerDescription;

function stageColumns(total: number): Column<StageDescription>[] {
  return [
    { title: 'stage', cell: ({ name }) => name },
    { title: 'layers', cell: ({ layers }) => String(layers), align: 'right' },
    ...costColumns(total),
  ];
}

function layerColumns(total: number): Column<LayerDescription>[] {
  return [
    { title: 'layer', cell: ({ name }) => name },
    { title: 'op', cell: ({ op }) => op },
    { title: 'kernel', cell: kernelText },
    ...costColumns(total),
  ];
}

function costColumns(total: number): Column<Part>[] {
  return [
    {
      title: 'output',
      cell: ({ output: { width, height, channels } }) => `${width}x${height}x${channels}`,
      align: 'right',
    },
    { title: 'stride', cell: ({ receptiveStride }) => String(receptiveStride ?? '-'), align: 'right' },
    { title: 'parameters', cell: ({ parameters }) => grouped(parameters), align: 'right' },
    { title: 'multiply-adds', cell: ({ multiplyAdds }) => grouped(multiplyAdds), align: 'right' },
    {
      title: 'share',
      cell: ({ multiplyAdds }) => `${((100 * multiplyAdds) / total).toFixed(1)} %`,
      align: 'right',
    },
  ];
}

/** `3x3`, or `3x3 /2` if it steps by two pixels. */
function kernelText({ kernelSize, stride }: LayerDescription): string {
  if (kernelSize === undefined) return '';
  return `${kernelSize}x${kernelSize}${stride === 1 ? '' : ` /${stride ?? 1}`}`;
}

/** `10,614,255`. */
function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
