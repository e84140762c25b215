/** The records for machines of other makers: JSON Schema, draft 2020-12. */
import * as z from 'zod';
import { eventSchemas } from './event-schema.js';
import { RECORD_VERSION, recordSchemas } from './schema.js';

/** What docs/record.schema.json holds. Readers ignore keys and skip types that they do not know, and so does it. */
export function recordJsonSchema(): object {
  const records = Object.entries(recordSchemas);
  const events = Object.entries(eventSchemas);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://sightline.invalid/record.schema.json',
    title: `Sightline record, version ${RECORD_VERSION}`,
    description:
      'One line of a JSONL file, or one message of the live feed. Readers ignore keys and skip types that they do not know.',
    type: 'object',
    required: ['v', 'type'],
    properties: { v: { const: RECORD_VERSION }, type: { type: 'string' } },
    allOf: [
      ...records.map(([type]) => when({ type: { const: type } }, { $ref: `#/$defs/${type}` })),
      when({ type: { const: 'event' } }, { required: ['event'], properties: { event: { type: 'string' } } }),
      ...events.map(([event]) =>
        when({ type: { const: 'event' }, event: { const: event } }, { $ref: `#/$defs/${event}` }),
      ),
    ],
    $defs: Object.fromEntries([...records, ...events].map(([name, schema]) => [name, describe(schema)])),
  };
}

function when(properties: Readonly<Record<string, object>>, then: object): object {
  return { if: { required: Object.keys(properties), properties }, then };
}

function describe(schema: z.ZodType): object {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io: 'input' });
  return described;
}
