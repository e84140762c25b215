/** The import rules of docs/architecture.md. `stage`: what stands on the foundations alone and meets the others only through `src/contract/`. */
const stage = '^src/(sources|model|tracking|analytics|sinks|eval)/';
const foundation = '^src/(contract/|errors\\.ts|version\\.ts)';
const shared = '^src/(contract/|errors\\.ts|version\\.ts|geometry/|record/|files/|text/|options/|timing/)';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'contract-imports-nothing',
      comment: 'what stages hand to each other is what everything else stands on',
      severity: 'error',
      from: { path: foundation },
      to: { path: '^src/', pathNot: foundation },
    },
    {
      name: 'shared-code-knows-no-stage',
      severity: 'error',
      from: { path: '^src/(geometry|record|files|text|options|timing)/' },
      to: { path: '^src/', pathNot: shared },
    },
    {
      name: 'stages-do-not-know-each-other',
      comment: 'they meet only in the pipeline or in a command, through src/contract/',
      severity: 'error',
      from: { path: stage },
      to: { path: stage, pathNot: '^src/$1/' },
    },
    {
      name: 'kinds-of-sinks-do-not-know-each-other',
      comment: 'what several need lies in files/, pixels/ or draw/',
      severity: 'error',
      from: { path: '^src/sinks/(?!files/|pixels/|draw/)([^/]+)/' },
      to: { path: '^src/sinks/(?!files/|pixels/|draw/)[^/]+/', pathNot: '^src/sinks/$1/' },
    },
    {
      name: 'kinds-of-sources-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/sources/(?!decode/)([^/]+)/' },
      to: { path: '^src/sources/(?!decode/)[^/]+/', pathNot: '^src/sources/$1/' },
    },
    {
      name: 'server-knows-no-stage',
      severity: 'error',
      from: { path: '^src/server/' },
      to: { path: '^src/', pathNot: `${shared}|^src/server/` },
    },
    {
      name: 'stages-do-not-know-the-top',
      severity: 'error',
      from: { path: '^src/(sources|model|tracking|analytics|sinks|eval|ffmpeg|server|tensorflow-link)/' },
      to: { path: '^src/(pipeline|cli|config|app|index\\.ts)' },
    },
    {
      name: 'pipeline-knows-interfaces-only',
      severity: 'error',
      from: { path: '^src/pipeline/' },
      to: { path: '^src/', pathNot: `${foundation}|^src/pipeline/` },
    },
    {
      name: 'cli-uses-the-app',
      comment: 'commands parse and print; they do not reach into the stages',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/(pipeline|sources|tracking|analytics|sinks|server)/' },
    },
    {
      name: 'evaluation-is-pure',
      comment: 'src/eval/datasets reads the files',
      severity: 'error',
      from: { path: '^src/eval/', pathNot: '^src/eval/datasets/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    fence('rxjs', '^src/pipeline/'),
    fence('fluent-ffmpeg', '^src/ffmpeg/child\\.ts$'),
    fence('ws', '^src/sinks/feed/'),
    fence('sharp', '^src/(sinks/(feed|heat-map)|eval/datasets|sources/file)/'),
    fence('onnxruntime-node', '^src/model/backends/onnxruntime(-session)?\\.ts$'),
    fence('@tensorflow/', '^src/model/(backends/(tensorflow|tfjs)[a-z-]*|export/tfjs)\\.ts$'),
    fence('h5wasm', '^src/model/weights/'),
    fence('pino', '^src/cli/'),
    fence('commander', '^src/cli/'),
    fence('image-size', '^src/eval/datasets/image-size\\.ts$'),
    fence('leven', '^src/text/nearest-name\\.ts$'),
    fence('yaml', '^src/(config|eval/datasets)/'),
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
