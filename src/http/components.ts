import { z } from 'zod';

/** Every schema of the API that has a name: the `components` of its description. */
export const components = z.registry<{ id: string; description?: string }>();

/** A named schema. @param id as in the description, `Run` */
export function component<Schema extends z.ZodType>(id: string, description: string, schema: Schema): Schema {
  components.add(schema, { id, description });
  return schema;
}

/** Milliseconds since the Unix epoch. */
export const moment = z.int().min(0).describe('Milliseconds since the Unix epoch.');
/** SHA-256. */
export const hex = z.string().regex(/^[0-9a-f]{64}$/);
/** What a person says why: one line. */
export const reason = z
  .string()
  .regex(/^[^\p{Cc}]{1,500}$/u, { error: 'must be one line of 1 to 500 characters' })
  .describe('Why, one line, for whoever reads it later.');
/** A cluster, a server, or another name of the configuration. */
export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, { error: 'must be a name of the configuration' });
