import { Command, Option } from 'commander';
import { createPipeline } from '../../app/app.js';
import { ResultCollector } from '../../eval/datasets/detection-results.js';
import { readDetectionTruth } from '../../eval/datasets/detection-truth.js';
import { kindOf } from '../../eval/datasets/read-file.js';
import { SightlineError } from '../../errors.js';
import type { LabelledImages } from '../../eval/labels.js';
import type { Detection } from '../../contract/detector.js';
import { inputSize, numberFrom } from '../parse-values.js';
import { addDetectionsOptions, classMapOf, type DetectionsFlags, scoreDetections } from './detections.js';
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
  const truth = await readDetectionTruth(dataset, flags);
  const collector = new ResultCollector(truth, await classMapOf(flags));
  const detections = await detect(model, await filesOf(truth, dataset), flags);
  detections.found.forEach((found, image) => {
    for (const { box, label, confidence } of found) {
      collector.addByName(image, label, [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1], confidence);
    }
  });
  await scoreDetections(collector, { truth: dataset, results: detections.what }, flags);
}

async function filesOf({ images }: LabelledImages, dataset: string): Promise<string[]> {
  const files = images.map(({ file, name }) => file ?? name);
  for (const file of files) {
    if ((await kindOf(file)) === 'file') continue;
    throw new SightlineError(
      'ERR_DATASET_NOT_FOUND',
      `picture "${file}" of "${dataset}" does not exist; --images names the folder of the pictures`,
    );
  }
  return files;
}

/** Runs the pictures through the pipeline that videos go through. */
async function detect(
  model: string,
  inputs: string[],
  { device, size, threads, precision, conf, iou }: RunFlags,
): Promise<{ readonly found: readonly (readonly Detection[])[]; readonly what: string }> {
  const pipeline = await createPipeline({
    sources: inputs.map((path) => ({ type: 'file', path })),
    model: {
      path: model,
      ...(device !== undefined && { device }),
      ...(size !== undefined && { size }),
      ...(threads !== undefined && { threads }),
      ...(precision !== undefined && { precision }),
    },
    detect: { confidence: conf, ...(iou !== undefined && { iou }) },
    // Nothing is tracked here: weaker boxes for the tracker would only be scored.
    track: { lowThreshold: conf },
  });
  const bySource = new Map<string, readonly Detection[]>();
  pipeline.results.subscribe(({ frame, detections }) => {
    bySource.set(frame.sourceId, detections);
  });
  const { sources, detector } = await pipeline.run();
  const failed = sources.find(({ outcome }) => outcome !== 'completed');
  if (failed !== undefined)
    throw failed.error ?? new SightlineError('ERR_ABORTED', `"${failed.uri}" was not finished`);
  return {
    found: sources.map(({ id }) => bySource.get(id) ?? []),
    what: `${detector.model} (${detector.backend} ${detector.device}, ${detector.precision})`,
  };
}
