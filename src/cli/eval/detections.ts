import { join } from 'node:path';
import { Command, Option } from 'commander';
import { VERSION } from '../../app/app.js';
import { type ClassMap, readClassMap } from '../../eval/datasets/class-map.js';
import { CATEGORY_IDS, type CategoryIds } from '../../eval/datasets/category-ids.js';
import { type DetectionResults, readDetectionResults } from '../../eval/datasets/detection-results.js';
import { readDetectionTruth } from '../../eval/datasets/detection-truth.js';
import { readThumbnail } from '../../eval/datasets/thumbnail.js';
import { evaluateDetections } from '../../eval/detections/evaluate-detections.js';
import { leaveOutUnreadable } from '../../eval/detections/leave-out.js';
import type { LabelledImage, LabelledImages } from '../../eval/labels.js';
import { SightlineError } from '../../errors.js';
import { keepClasses } from '../../eval/detections/keep-classes.js';
import {
  type DetectionsReport,
  detectionsPage,
  detectionsTable,
  pictureCount,
  precisionCharts,
  type WorstImage,
  worstImages,
} from '../../eval/report/detections-report.js';
import { QUOTING } from '../../text/class-list.js';
import { nameList } from '../parse-values.js';
import {
  checkReports,
  makeFolder,
  type ReportFlags,
  outputOptions,
  printScores,
  writePage,
} from './output.js';
import { oneLine } from '../../text/printable.js';
import { say } from '../terminal.js';

/** What `eval detections` and `eval run` have in common. */
export interface DetectionsFlags extends ReportFlags {
  readonly images?: string;
  readonly split?: string;
  readonly classMap?: string;
  readonly classes?: readonly string[];
  readonly voc07?: true;
  readonly curves?: string;
}

interface ResultFlags extends DetectionsFlags {
  readonly categoryIds?: CategoryIds;
}

/** `sightline eval detections`. */
export function evalDetectionsCommand(): Command {
  return addDetectionsOptions(
    new Command('detections')
      .description('average precision and recall, as pycocotools computes them')
      .argument('<truth>', 'ground truth: COCO (.json), YOLO (data.yaml or folder), VOC (folder)')
      .argument('<results>', 'results: COCO (.json) or records (.jsonl)')
      .addOption(
        new Option(
          '--category-ids <how>',
          'what ids in COCO results mean: those of the truth, or places among its classes counted from 0 or 1 ' +
            '(default: truth, and an error if the boxes say otherwise)',
        ).choices(CATEGORY_IDS),
      ),
  ).action(async (truth: string, results: string, flags: ResultFlags) => {
    await checkReports(flags, [truth, results, flags.images, flags.classMap]);
    const labelled = await readTruth(truth, flags);
    const map = await classMapOf(flags);
    const found = await readDetectionResults(results, labelled, map, flags.categoryIds);
    await scoreDetections(found, { truth, results }, flags);
  });
}

/** Flags for reading and scoring. */
export function addDetectionsOptions(command: Command): Command {
  command
    .option('--images <dir>', 'where the pictures of COCO ground truth are (default: beside the file)')
    .option('--split <name>', 'part of the data set: key of data.yaml, or list in ImageSets/Main')
    .option(
      '--class-map <file>',
      'new names for classes of both sides: lines of from,to, or YAML; - leaves out',
    )
    .option(
      '--classes <list>',
      `classes to score, after mapping (default: all of the ground truth); ${QUOTING}`,
      nameList('class'),
    )
    .option('--voc07', 'also the 11-point average precision of VOC 2007')
    .option('--curves <dir>', 'write precision over recall as SVG files');
  for (const option of outputOptions()) command.addOption(option);
  return command;
}

/** Reads ground truth, and says what people should know of it. */
export async function readTruth(path: string, flags: DetectionsFlags): Promise<LabelledImages> {
  const truth = await readDetectionTruth(path, flags);
  for (const remark of truth.remarks ?? []) say(`warning: ${remark}\n`);
  return truth;
}

/** The class map that was asked for; an empty one if none was. */
export async function classMapOf({ classMap }: DetectionsFlags): Promise<ClassMap> {
  return classMap === undefined ? new Map() : readClassMap(classMap);
}

/** Scores, prints, writes curves and page. */
export async function scoreDetections(
  { unknown, ...all }: DetectionResults,
  names: { readonly truth: string; readonly results: string },
  flags: DetectionsFlags,
): Promise<void> {
  const { truth, found, left } = leaveOutUnreadable(all);
  sayLeftOut(left);
  if (truth.images.length === 0)
    throw new SightlineError('ERR_DATASET_INVALID', `no picture of "${names.truth}" can be read`);
  const isAll = unknown.size > 0 && found.every((boxes) => boxes.length === 0);
  if (unknown.size > 0 && (isAll || flags.classes === undefined)) {
    const list = [...unknown].map(([name, count]) => `${name} (${count})`).join(', ');
    say(`not scored, the ground truth has no such class: ${oneLine(list)}\n`);
  }
  if (isAll) {
    const known = truth.classes.slice(0, 10).join(', ');
    say(
      `warning: no result has a class of the ground truth (${known}), so every score is 0; see --class-map\n`,
    );
  }
  const chosen = keepClasses({ truth, found }, flags.classes);
  const { scores, errors } = evaluateDetections(chosen.truth, chosen.found, { voc07: flags.voc07 === true });
  const report: DetectionsReport = {
    sightline: VERSION,
    kind: 'detections',
    inputs: names,
    ...scores,
    ...(left.length > 0 && { leftOut: left.map(({ file, name }) => file ?? name) }),
  };
  if (flags.curves !== undefined) {
    await makeFolder(flags.curves);
    for (const [name, svg] of precisionCharts(scores)) await writePage(join(flags.curves, name), svg, flags);
  }
  await printScores(flags, {
    report,
    table: detectionsTable(report, 'narrow'),
    exact: detectionsTable(report, 'exact'),
    page: async () => {
      const worst = worstImages(truth.images, errors);
      return detectionsPage(report, worst, await readThumbnails(worst));
    },
    footer: `${pictureCount(report)}; fractions in percent; --json has every number\n`,
  });
}

/** Names pictures that could not be read. */
export function sayLeftOut(left: readonly LabelledImage[]): void {
  for (const { unreadable } of left.slice(0, MOST_NAMED)) say(`warning: ${unreadable}\n`);
  if (left.length > MOST_NAMED) say(`warning: and ${left.length - MOST_NAMED} more pictures\n`);
  if (left.length === 0) return;
  const [what, their] = left.length === 1 ? ['picture is', 'its'] : ['pictures are', 'their'];
  say(`warning: ${left.length} ${what} left out, ${their} objects too\n`);
}

const MOST_NAMED = 20;

async function readThumbnails(worst: readonly WorstImage[]): Promise<Map<string, string>> {
  const thumbnails = new Map<string, string>();
  for (const { file } of worst) {
    const address = file === undefined ? undefined : await readThumbnail(file);
    if (file !== undefined && address !== undefined) thumbnails.set(file, address);
  }
  return thumbnails;
}
