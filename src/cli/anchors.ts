import { Command } from 'commander';
import { SightlineError } from '../errors.js';
import { type BoxSize, findAnchors } from '../eval/detections/find-anchors.js';
import type { LabelledImages } from '../eval/labels.js';
import { type InputFit, letterboxFor } from '../geometry/letterbox.js';
import { readTruth, sayLeftOut } from './eval/detections.js';
import { inputSize, numberFrom } from './parse-values.js';
import { print, say } from './terminal.js';

interface AnchorsFlags {
  readonly size: ReturnType<typeof inputSize>;
  readonly k: number;
  readonly seed: number;
  readonly split?: string;
  readonly stretch?: true;
  readonly json?: true;
}

/** `sightline anchors`. */
export function anchorsCommand(): Command {
  return new Command('anchors')
    .description('find anchors that fit the boxes of a data set')
    .argument('<dataset>', 'COCO (.json), YOLO (data.yaml or folder) or VOC (folder)')
    .option('--size <w>x<h>', "size of the network's input", inputSize, inputSize('416'))
    .option('--k <n>', 'number of anchors', numberFrom(1, 100, 'integer'), 9)
    .option('--seed <n>', 'where the search starts', numberFrom(0, 4294967295, 'integer'), 0)
    .option('--split <name>', 'part of the data set: key of data.yaml, or list in ImageSets/Main')
    .option('--stretch', 'for a model whose pictures fill the input whatever their shape')
    .option('--json', 'print JSON')
    .action(async (dataset: string, flags: AnchorsFlags) => {
      const { size, k, seed } = flags;
      const truth = await readTruth(dataset, flags);
      sayLeftOut(truth.images.filter(({ unreadable }) => unreadable !== undefined));
      const sizes = sizesOf(truth, { ...size, fit: flags.stretch === true ? 'stretch' : 'letterbox' });
      const different = new Set(sizes.map(({ width, height }) => `${width} ${height}`)).size;
      if (different < k) {
        throw new SightlineError(
          'ERR_DATASET_INVALID',
          `"${dataset}" has boxes of ${different} different sizes, too few for ${k} anchors`,
        );
      }
      const { anchors, meanIou, rounds } = findAnchors(sizes, k, seed);
      const rounded = anchors.map(({ width, height }) => [Math.round(width), Math.round(height)]);
      if (flags.json === true) {
        const report = { anchors: rounded, meanIou, boxes: sizes.length, rounds, seed, size };
        print(JSON.stringify(report, null, 2));
        return;
      }
      // One line as the reference's anchor files have it.
      print(rounded.map((pair) => pair.join(',')).join(',  '));
      say(`mean best IoU ${meanIou.toFixed(4)} over ${sizes.length} boxes\n`);
    });
}

/** Sizes of all boxes as the network sees them. */
function sizesOf({ images }: LabelledImages, input: InputFit): BoxSize[] {
  return images.flatMap(({ width, height, boxes }) => {
    if (!(width > 0 && height > 0)) return [];
    const letterbox = letterboxFor(input, Math.round(width), Math.round(height));
    return boxes
      .filter(({ bbox, crowd }) => bbox[2] > 0 && bbox[3] > 0 && !crowd)
      .map(({ bbox }) => ({
        width: (bbox[2] * letterbox.width) / width,
        height: (bbox[3] * letterbox.height) / height,
      }));
  });
}
