/** Flags that `track` and `replay` have in common: what comes out, how it is followed and counted, and how it is told. */
import { type Command, Option } from 'commander';
import type { loadOptionsFile, OptionsInput, PipelineExtras } from '../app/app.js';
import { SightlineError } from '../errors.js';
import { given } from './given.js';
import { address, numberFrom, trackerOption } from './parse-values.js';
import type { TalkFlags } from './run-pipeline.js';

/** What comes out. */
export interface OutputFlags {
  video?: string;
  jsonl?: string;
  mot?: string;
  interpolate?: number;
  heatMap?: string;
  serve?: ReturnType<typeof address>;
  allowOrigin?: readonly string[];
  overwrite?: true;
}

/** How objects are followed and counted. */
export interface TrackingFlags {
  tracker?: string;
  cameraMotion?: true;
  trackerOption?: ReturnType<typeof trackerOption>;
  zones?: string;
}

/** All of them, and the configuration file. */
export interface SharedFlags extends OutputFlags, TrackingFlags, TalkFlags {
  config?: string;
}

/** Flags for what comes out. */
export function withOutputFlags(command: Command): Command {
  const named = '{source} stands for the id of the source';
  return command
    .option('--video <file>', `annotated video; ${named}`)
    .option('--jsonl <file>', 'records, one a line; - for the standard output')
    .option('--mot <file>', `tracks as MOTChallenge text; ${named}`)
    .option(
      '--interpolate <seconds>',
      'longest gap of a track that the MOTChallenge text fills with boxes in between',
      numberFrom(0, 86_400),
    )
    .option('--heat-map <file>', `where objects spent their time, as PNG; ${named}`)
    .option('--serve <port>', 'live page and WebSocket feed on 127.0.0.1, or on host:port', address)
    .option(
      '--allow-origin <origin>',
      'another name of the live page, or a page that may connect to it, such as https://wall.example.com; may be repeated',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('--overwrite', 'replace existing files');
}

/** @param said what is to be said beside each. */
export function withTrackingFlags(
  command: Command,
  said: { readonly tracker: string; readonly cameraMotion: string },
): Command {
  return command
    .option('--tracker <name>', `botsort, bytetrack, ocsort or sort${said.tracker}`)
    .option(
      '--camera-motion',
      `the camera moves: let botsort find out how from the pictures${said.cameraMotion}`,
    )
    .option(
      '--tracker-option <key=value>',
      "parameter of the tracker under its authors' name, such as track_buffer=2; may be repeated",
      trackerOption,
    )
    .option('--zones <file>', 'YAML file with lines, zones and the like: docs/analytics.md');
}

/** How much is said, and how. */
export function withTalkFlags(command: Command): Command {
  return command
    .option('--config <file>', 'YAML file with any of these options; flags win')
    .option('--quiet', 'print only warnings and errors')
    .option('--verbose', 'print details too')
    .addOption(
      new Option('--log-format <format>', 'form of what is printed')
        .choices(['pretty', 'json'])
        .default('pretty'),
    );
}

type Written = Awaited<ReturnType<typeof loadOptionsFile>>;
type Sinks = NonNullable<Written['sinks']>;

/** What comes out, of the options: those of the file, but a flag takes the place of every sink of its type. */
export function outcomeOf(
  { video, jsonl, mot, heatMap, interpolate, serve, allowOrigin, overwrite }: OutputFlags,
  file: Pick<Written, 'sinks' | 'server' | 'overwrite'>,
): Pick<Written, 'sinks' | 'server' | 'overwrite'> {
  const flagged = Object.entries({ video, jsonl, mot, 'heat-map': heatMap }).flatMap(([type, path]) =>
    path === undefined ? [] : [{ type, path }],
  ) as Sinks;
  const types = new Set(flagged.map(typeOf));
  const sinks = [...(file.sinks ?? []).filter((sink) => !types.has(typeOf(sink))), ...flagged];
  if (interpolate !== undefined && !sinks.some((sink) => typeOf(sink) === 'mot'))
    throw new SightlineError('ERR_USAGE', '--interpolate is about MOTChallenge text; give --mot as well');
  return {
    sinks: sinks.map((sink) =>
      interpolate === undefined || typeOf(sink) !== 'mot'
        ? sink
        : { ...sink, interpolateSeconds: interpolate },
    ),
    ...given({
      server: serverOf(serve, allowOrigin, file.server),
      overwrite: overwrite ?? file.overwrite,
    }),
  };
}

/** An address of the command line stands alone: what the file opens to the network stays open only there. */
function serverOf(
  serve: OutputFlags['serve'],
  allowOrigin: OutputFlags['allowOrigin'],
  file: Written['server'],
): Written['server'] {
  const where = serve ?? file;
  if (where === undefined) {
    if (allowOrigin === undefined) return undefined;
    throw new SightlineError('ERR_USAGE', '--allow-origin is about the live page; give --serve as well');
  }
  const allowedOrigins = allowOrigin?.slice() ?? file?.allowedOrigins;
  return { ...where, ...given({ allowedOrigins }) };
}

function typeOf(sink: Sinks[number]): string | undefined {
  return 'type' in sink ? sink.type : undefined;
}

/** The files that flags name and that are read before there is a run. */
export function readsOf({
  config,
  zones,
}: Pick<SharedFlags, 'config' | 'zones'>): NonNullable<PipelineExtras['reads']> {
  return [
    ...(config === undefined ? [] : [{ what: 'config', file: config }]),
    ...(zones === undefined ? [] : [{ what: 'zones file', file: zones }]),
  ];
}

/** `track` of the options: file, then flags. */
export function trackOf(
  { tracker, cameraMotion, trackerOption: parameters }: TrackingFlags,
  file: OptionsInput['track'],
): OptionsInput['track'] {
  return {
    ...file,
    ...given({ tracker, cameraMotion }),
    ...(parameters !== undefined && { parameters: { ...file?.parameters, ...parameters } }),
  };
}
