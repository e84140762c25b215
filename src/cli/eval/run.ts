import { Command, Option } from 'commander';
import type { OptionsInput } from '../../app/app.js';
import { ResultCollector } from '../../eval/datasets/detection-results.js';
import { kindOf } from '../../eval/datasets/read-file.js';
import { SightlineError } from '../../errors.js';
import type { LabelledImages } from '../../eval/labels.js';
import { given } from '../given.js';
import { inputSize, numberFrom } from '../parse-values.js';
import { detectInPictures, type PictureOutcome } from './detect-pictures.js';
import {
  addDetectionsOptions,
  classMapOf,
  type DetectionsFlags,
  readTruth,
  scoreDetections,
} from './detections.js';
import { checkReports } from './output.js';

interface RunFlags extends DetectionsFlags {
  readonly device?: string;
  readonly size?: ReturnType<typeof inputSize>;
  readonly threads?: number;
  readonly precision?: 'float32' | 'bfloat16';
  readonly conf: number;
  readonly iou?: number;
}

/** `sightline eval run`. */
export function evalRunCommand(): Command {
  const command = new Command('run')
    .description('find objects in the pictures of a data set and score them in one go')
    .argument('<model>', 'folder with model.json and weights')
    .argument(
      '<dataset>',
      'ground truth with pictures: COCO (.json), YOLO (data.yaml or folder), VOC (folder)',
    )
    .option('--device <name>', 'see `sightline doctor` (default: auto)')
    .option('--size <w>x<h>', "size of the network's input (default: the model's)", inputSize)
    .option('--threads <n>', 'CPU threads of the network (default: all cores)', numberFrom(1, 256, 'integer'))
    .addOption(
      new Option('--precision <name>', 'what the network computes in (default: float32)').choices([
        'float32',
        'bfloat16',
      ]),
    )
    .option(
      '--conf <x>',
      'least confidence of an object; scores are over all of them, so it should be low',
      numberFrom(0, 1),
      0.01,
    )
    .option(
      '--iou <x>',
      "overlap at which the weaker of two boxes is dropped (default: the model's)",
      numberFrom(0, 1),
    );
  return addDetectionsOptions(command).action((model: string, dataset: string, flags: RunFlags) =>
    evalRun(model, dataset, flags),
  );
}

async function evalRun(model: string, dataset: string, flags: RunFlags): Promise<void> {
  await checkReports(flags, [model, dataset, flags.images, flags.classMap]);
  const truth = await readTruth(dataset, flags);
  const map = await classMapOf(flags);
  await checkThere(truth, dataset);
  const { outcomes, what } = await detectInPictures(truth.images, optionsOf(model, flags));
  const images = truth.images.map((image, at) => ({ ...image, ...unreadableOf(outcomes[at]!) }));
  const collector = new ResultCollector({ ...truth, images }, map);
  outcomes.forEach((outcome, image) => {
    for (const { label, bbox, confidence } of 'found' in outcome ? outcome.found : [])
      collector.addByName(image, label, bbox, confidence);
  });
  await scoreDetections(collector, { truth: dataset, results: what }, flags);
}

function unreadableOf(outcome: PictureOutcome): { readonly unreadable?: string } {
  return 'unreadable' in outcome ? outcome : {};
}

/** A picture that is missing is no damaged one: most likely all are elsewhere. */
async function checkThere({ images }: LabelledImages, dataset: string): Promise<void> {
  for (const { file, name } of images) {
    if (file !== undefined && (await kindOf(file)) === 'file') continue;
    throw new SightlineError(
      'ERR_DATASET_NOT_FOUND',
      `picture "${file ?? name}" of "${dataset}" does not exist; --images names the folder of the pictures`,
    );
  }
}

function optionsOf(
  model: string,
  { device, size, threads, precision, conf, iou }: RunFlags,
): Omit<OptionsInput, 'sources'> {
  return {
    model: { path: model, ...given({ device, size, threads, precision }) },
    detect: { confidence: conf, ...given({ iou }) },
    // Nothing is tracked here: weaker boxes for the tracker would only be scored.
    track: { lowThreshold: conf },
  };
}
