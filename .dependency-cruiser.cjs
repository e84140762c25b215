/** The import rules of docs/architecture.md. */
const stage = '^src/(sources|model|tracking|analytics|sinks|eval|datasets)/';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'foundations-import-nothing',
      comment: 'types, stages, events and errors are what everything else stands on',
      severity: 'error',
      from: { path: '^src/(types|stages|events|errors)\\.ts$' },
      to: { pathNot: '^src/(types|events)\\.ts$' },
    },
    {
      name: 'stages-do-not-know-each-other',
      comment: 'they meet only in the pipeline or in a command, through src/types.ts and src/labels.ts',
      severity: 'error',
      from: { path: stage },
      to: { path: stage, pathNot: '^src/$1/' },
    },
    {
      name: 'stages-do-not-know-the-top',
      severity: 'error',
      from: {
        path: '^src/(sources|model|tracking|analytics|sinks|eval|datasets|ffmpeg|[a-z-]+\\.ts$)',
        pathNot: '^src/(app|index)\\.ts$',
      },
      to: {
        path: '^src/(pipeline|cli|config|compose|(app|index)\\.ts)',
      },
    },
    {
      name: 'pipeline-knows-interfaces-only',
      severity: 'error',
      from: { path: '^src/pipeline/' },
      to: { path: '^src/(sources|model|tracking|analytics|sinks|ffmpeg|config|cli|app)' },
    },
    {
      name: 'cli-uses-the-app',
      comment: 'commands parse and print; they do not reach into the stages',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/(pipeline|sources|tracking|analytics|sinks)/' },
    },
    {
      name: 'evaluation-is-pure',
      comment: 'src/datasets reads the files',
      severity: 'error',
      from: { path: '^src/eval/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    fence('rxjs', '^src/pipeline/'),
    fence('fluent-ffmpeg', '^src/ffmpeg/child\\.ts$'),
    fence('ws', '^src/sinks/websocket/'),
    fence('sharp', '^src/(sinks/(websocket/|heat-map-sink\\.ts)|datasets/thumbnail\\.ts)'),
    fence('onnxruntime-node', '^src/model/backends/onnxruntime\\.ts$'),
    fence('@tensorflow/', '^src/model/(backends/(tensorflow|tfjs)[a-z-]*|emit/tfjs)\\.ts$'),
    fence('h5wasm', '^src/model/weights/'),
    fence('pino', '^src/cli/'),
    fence('commander', '^src/cli/'),
    fence('yaml', '^src/(config|datasets)/'),
    {
      name: 'no-unlisted-package',
      severity: 'error',
      from: { path: '^src/' },
      // An optional peer is listed, though the cruiser calls it npm-no-pkg as well.
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};

/** Only `home` may import `package`. */
function fence(name, home) {
  return {
    name: `fence-${name.replace(/\W/g, '')}`,
    severity: 'error',
    from: { path: '^src/', pathNot: home },
    to: { path: `node_modules/(@types/)?${name.replace(/\/$/, '')}/` },
  };
}
