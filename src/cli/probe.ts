import { Command, Option } from 'commander';
import { type Inspection, inspectInput } from '../app/inspect-input.js';
import { EXIT } from './exit-codes.js';
import { numberFrom } from './parse-values.js';
import { print } from './terminal.js';

interface ProbeFlags {
  live?: true;
  transport?: 'tcp' | 'udp';
  seconds: number;
  json?: true;
}

/** `sightline probe`. @param onExit told the exit code. */
export function probeCommand(onExit: (code: number) => void): Command {
  return new Command('probe')
    .description('look at a camera or a file as a run would, and say what is there, or why it does not work')
    .argument('<input>', 'address of a camera, or a file')
    .option('--live', 'take an http(s) address for a camera, not a file')
    .addOption(new Option('--transport <how>', 'how RTSP carries its packets').choices(['tcp', 'udp']))
    .option('--seconds <n>', 'seconds of the stream that are measured', numberFrom(0.1), 5)
    .option('--json', 'print JSON')
    .action(async (input: string, { json, ...flags }: ProbeFlags) => {
      const aborting = new AbortController();
      const onInterrupt = (): void => {
        aborting.abort();
      };
      process.once('SIGINT', onInterrupt);
      try {
        const found = await inspectInput({ input, ...flags }, aborting.signal);
        print(json === true ? JSON.stringify(found, null, 2) : textOf(found));
      } catch (error) {
        if (!aborting.signal.aborted) throw error;
        onExit(EXIT.interrupted);
      } finally {
        process.off('SIGINT', onInterrupt);
      }
    });
}

/** What a person wants to know, a line each. */
function textOf({ name, live, probe, packets, hasClock, connectMs, firstFrameMs }: Inspection): string {
  const { codec, pixelFormat, width, height, pixelAspect, frameRate, format, audioCodecs, orientation } =
    probe;
  const stated = frameRate === undefined ? undefined : frameRate.num / frameRate.den;
  const aspect = pixelAspect.num === pixelAspect.den ? '' : `, pixels ${pixelAspect.num}:${pixelAspect.den}`;
  const turned = orientation.filters.length === 0 ? '' : ', turned upright';
  const rate = !hasClock
    ? 'not known: the stream has no times, frames get those of their arrival'
    : packets.rate === undefined
      ? 'not known: too few frames came'
      : `${packets.rate.toFixed(2)} frames/s measured over ${packets.seconds.toFixed(1)} s`;
  const says = stated === undefined ? '' : `, ${stated.toFixed(2)} stated`;
  const keys =
    packets.keyFrameSeconds === undefined
      ? `more than ${packets.seconds.toFixed(1)} s apart, or only one: a run may have to wait for the next`
      : `up to ${packets.keyFrameSeconds.toFixed(2)} s apart`;
  const rows: (readonly [string, string])[] = [
    ['video', `${codec} ${width}x${height} ${pixelFormat}${aspect}${turned}, in ${format}`],
    ['rate', `${rate}${says}`],
    ['key frames', keys],
    [
      'bit rate',
      packets.bitsPerSecond === undefined || !hasClock ? 'not known' : bits(packets.bitsPerSecond),
    ],
    ['audio', audioCodecs.length === 0 ? 'none' : audioCodecs.join(', ')],
    ['to connect', `${(connectMs / 1000).toFixed(2)} s`],
    ['first frame', `${(firstFrameMs / 1000).toFixed(2)} s after that`],
  ];
  const width0 = Math.max(...rows.map(([what]) => what.length));
  return [
    `${name} works (${live ? 'camera' : 'file'})`,
    ...rows.map(([w, t]) => `  ${w.padEnd(width0)}  ${t}`),
  ].join('\n');
}

function bits(perSecond: number): string {
  return perSecond >= 1e6
    ? `${(perSecond / 1e6).toFixed(2)} Mbit/s`
    : `${(perSecond / 1e3).toFixed(0)} kbit/s`;
}
