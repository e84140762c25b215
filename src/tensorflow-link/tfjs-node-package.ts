import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as z from 'zod';

/** The packages that join Node with TensorFlow, the one that can use graphics cards first. */
export const TFJS_NODE_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** An installed tfjs-node or tfjs-node-gpu. Its native part may be missing. */
export interface TfjsNodePackage {
  readonly name: (typeof TFJS_NODE_PACKAGES)[number];
  readonly version: string;
  readonly folder: string;
  /** Where the package looks for its native part. */
  readonly binding: string;
  /** Version of Node-API that the native part is to be built for. */
  readonly napiVersion: number;
}

const packageSchema = z.object({
  name: z.enum(TFJS_NODE_PACKAGES),
  version: z.string(),
  binary: z.object({
    module_name: z.string(),
    module_path: z.string(),
    napi_versions: z.array(z.number()).min(1),
  }),
});

/** The installed ones, as seen from Sightline, in the order of `TFJS_NODE_PACKAGES`. */
export async function findTfjsNodePackages(): Promise<readonly TfjsNodePackage[]> {
  const { resolve } = createRequire(import.meta.url);
  const folders = TFJS_NODE_PACKAGES.flatMap((name) => {
    try {
      return [dirname(resolve(`${name}/package.json`))];
    } catch {
      return [];
    }
  });
  return Promise.all(folders.map(readTfjsNodePackage));
}

/** Reads what the package in `folder` says of itself. @throws if it is not one of the two. */
export async function readTfjsNodePackage(folder: string): Promise<TfjsNodePackage> {
  const text = await readFile(join(folder, 'package.json'), 'utf8');
  const { name, version, binary } = packageSchema.parse(JSON.parse(text));
  // node-pre-gyp, with which the package looks for it, takes the highest that this Node knows.
  const known = binary.napi_versions.filter((napi) => napi <= Number(process.versions['napi']));
  const napiVersion = Math.max(...known);
  const path = binary.module_path.replace('{napi_build_version}', String(napiVersion));
  return { name, version, folder, binding: join(folder, path, `${binary.module_name}.node`), napiVersion };
}
