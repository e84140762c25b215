/** Writes docs/record.schema.json from the description in the code. Run after `npm run build`. */
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { recordJsonSchema } from '../dist/record/json-schema.js';

const file = new URL('../docs/record.schema.json', import.meta.url);
writeFileSync(file, await format(JSON.stringify(recordJsonSchema()), { parser: 'json', printWidth: 110 }));
