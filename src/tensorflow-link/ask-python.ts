import * as z from 'zod';
import { SightlineError } from '../errors.js';
import { errorLineOf, runProgram } from './run-program.js';

/** Python packages that hold a TensorFlow. */
export const TENSORFLOW_PACKAGES = ['tensorflow-cpu', 'tensorflow'] as const;

/** Name of a Python package that holds a TensorFlow. */
export type TensorflowPackage = (typeof TENSORFLOW_PACKAGES)[number];

const answerSchema = z.object({
  version: z.string(),
  pip: z.boolean(),
  tensorflow: z.array(
    z.object({ package: z.enum(TENSORFLOW_PACKAGES), version: z.string(), folder: z.string() }),
  ),
});

/** What a Python is and has. */
export type PythonAnswer = z.infer<typeof answerSchema>;

// Looks at the packages' metadata; importing TensorFlow takes seconds.
const QUESTION = `
import importlib.util, json, platform
from importlib import metadata
found = []
for name in ${JSON.stringify(TENSORFLOW_PACKAGES)}:
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        continue
    found.append({"package": name, "version": package.version, "folder": str(package.locate_file("tensorflow"))})
print(json.dumps({
    "version": platform.python_version(),
    "pip": importlib.util.find_spec("pip") is not None,
    "tensorflow": found,
}))
`;

/** Asks a Python what it has. @throws SightlineError ERR_BACKEND_UNAVAILABLE if it does not answer. */
export async function askPython(python: string): Promise<PythonAnswer> {
  const { code, stdout, stderr, found } = await runProgram(python, ['-c', QUESTION], { timeoutMs: 60_000 });
  if (!found) {
    throw new SightlineError(
      'ERR_BACKEND_UNAVAILABLE',
      `"${python}" cannot be run, and node-gyp needs a Python: install it (apt-get install python3 python3-pip) or ` +
        'name one with --python',
    );
  }
  try {
    return answerSchema.parse(JSON.parse(stdout));
  } catch (cause) {
    const why = code === 0 ? 'its answer makes no sense' : errorLineOf(stderr);
    throw new SightlineError(
      'ERR_BACKEND_UNAVAILABLE',
      `"${python}" does not answer as a Python from 3.8 on would: ${why}; name another with --python`,
      { cause },
    );
  }
}
