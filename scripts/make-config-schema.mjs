/** Writes config/sightline.schema.json from the schema in the code. Run after `npm run build`. */
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { z } from 'zod';
import { BUILT_IN_KINDS } from '../dist/config/kinds.js';
import { optionsSchema } from '../dist/config/schema.js';

const schema = z.toJSONSchema(optionsSchema(BUILT_IN_KINDS), { io: 'input' });
const text = await format(JSON.stringify(schema), { parser: 'json', printWidth: 110 });
writeFileSync(new URL('../config/sightline.schema.json', import.meta.url), text);
