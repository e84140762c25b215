/**
 * The environment for ffmpeg's programs: ours without what changes how they log, as their log lines are read by us. Colours
 * would hide them, and a report has its own level.
 */
export function childEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(?:AV_LOG_|FFREPORT$)/.test(name));
  return { ...Object.fromEntries(kept), AV_LOG_FORCE_NOCOLOR: '1' };
}
