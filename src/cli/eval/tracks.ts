import { Command, Option } from 'commander';
import { VERSION } from '../../app/app.js';
import { readMotTruth } from '../../eval/datasets/mot-truth.js';
import { findTrackResults } from '../../eval/datasets/track-results.js';
import { type TracksReport, tracksPage, tracksTable } from '../../eval/report/tracks-report.js';
import { combineScores, evaluateSequence, type SequenceScores } from '../../eval/tracks/evaluate-tracks.js';
import { pairSequences } from '../../eval/tracks/pair-sequences.js';
import { type Benchmark, BENCHMARKS } from '../../eval/tracks/preprocess.js';
import { QUOTING } from '../../text/class-list.js';
import { nameList } from '../parse-values.js';
import { checkReports, type ReportFlags, outputOptions, printScores } from './output.js';
import { oneLine } from '../../text/printable.js';
import { say } from '../terminal.js';

interface TracksFlags extends ReportFlags {
  readonly benchmark: Benchmark | 'auto';
  readonly sequences?: readonly string[];
  readonly classes?: readonly string[];
}

/** `sightline eval tracks`. */
export function evalTracksCommand(): Command {
  const command = new Command('tracks')
    .description('HOTA, MOTA, IDF1 and their parts, as TrackEval computes them')
    .argument(
      '<truth>',
      'MOTChallenge ground truth: a file, the folder of a sequence, or a folder of sequences',
    )
    .argument('<results>', 'MOTChallenge text or records (.jsonl), or a folder with a file for each sequence')
    .addOption(
      new Option(
        '--benchmark <name>',
        'whose rules for distractors and other classes apply; auto goes by the names of the sequences',
      )
        .choices(['auto', ...BENCHMARKS])
        .default('auto'),
    )
    .option(
      '--sequences <list>',
      'sequences to score, such as MOT17-02,MOT17-04 (default: all)',
      nameList('sequence'),
    )
    .option(
      '--classes <list>',
      `classes to take from records, such as person (default: all); ${QUOTING}`,
      nameList('class'),
    );
  for (const option of outputOptions()) command.addOption(option);
  return command.action((truth: string, results: string, flags: TracksFlags) =>
    evalTracks(truth, results, flags),
  );
}

async function evalTracks(truthPath: string, resultPath: string, flags: TracksFlags): Promise<void> {
  await checkReports(flags, [truthPath, resultPath]);
  const truth = await readMotTruth(truthPath, flags.sequences);
  const { pairs, unused } = pairSequences(truth, await findTrackResults(resultPath, flags.classes));
  if (unused.length > 0 && flags.sequences === undefined)
    say(`not scored, no ground truth: ${oneLine(unused.map(({ name }) => name).join(', '))}\n`);
  const benchmark = flags.benchmark === 'auto' ? benchmarkOf(truth.map(({ name }) => name)) : flags.benchmark;
  const sequences: SequenceScores[] = [];
  for (const [{ name, rows, regions, frames: stated }, results] of pairs) {
    const result = await results.read(stated);
    const frames = stated ?? lastFrame(rows, lastFrame(result, 1));
    sequences.push(evaluateSequence({ name, frames, truth: rows, result, regions }, benchmark));
  }
  const report: TracksReport = {
    sightline: VERSION,
    kind: 'tracks',
    inputs: { truth: truthPath, results: resultPath },
    benchmark,
    combined: combineScores(sequences),
    sequences: sequences.map(({ errors: _errors, ...scores }) => scores),
  };
  await printScores(flags, {
    report,
    table: tracksTable(report, 'narrow'),
    exact: tracksTable(report, 'exact'),
    page: () => tracksPage(report, sequences),
    footer: `rules of ${benchmark}; fractions in percent; --json has every number\n`,
  });
}

/** MOT16-02 and its kind say it in their names. */
function benchmarkOf(names: readonly string[]): Benchmark {
  const stated = BENCHMARKS.find((name) =>
    names.every((sequence) => sequence.toLowerCase().startsWith(name)),
  );
  return stated ?? 'mot15';
}

function lastFrame(rows: readonly { readonly frame: number }[], least: number): number {
  return rows.reduce((last, { frame }) => Math.max(last, frame), least);
}
