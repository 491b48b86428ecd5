import * as z from "zod/mini";

/** The schema with a description, which files and tables show. */
export function described<S extends z.core.$ZodType>(description: string, schema: S): S {
  return (schema as unknown as z.ZodMiniType).check(z.describe(description)) as unknown as S;
}
