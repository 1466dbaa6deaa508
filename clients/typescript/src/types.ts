import type { paths } from "./schema.ts";

/** Types of operations, from those that the server's document comes to. */
export type Verb = "get" | "post" | "put" | "delete";

/** The paths that have an operation of this verb. */
export type PathOf<V extends Verb> = {
  [P in keyof paths]: paths[P] extends Record<V, { responses: unknown }> ? P : never;
}[keyof paths];

export type Operation<V extends Verb, P extends PathOf<V>> = paths[P][V & keyof paths[P]];

type Parameters<O, K extends string> = O extends { parameters: Partial<Record<K, infer T>> } ? NonNullable<T> : never;
type Body<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? B : undefined;
type Json<T> = T extends { content: { "application/json": infer B } } ? B : undefined;
type Required_<K extends string, T> = [T] extends [never]
  ? { [key in K]?: undefined }
  : {} extends T
    ? { [key in K]?: T }
    : { [key in K]: T };

/** What an operation is given. */
export type Given<V extends Verb, P extends PathOf<V>> = Required_<"path", Parameters<Operation<V, P>, "path">> & {
  query?: Omit<Parameters<Operation<V, P>, "query">, "cursor" | "page">;
  body?: Body<Operation<V, P>>;
  headers?: Record<string, string>;
  /** Ends the call, and not what it has begun. */
  signal?: AbortSignal;
};

/** What it answers; `undefined` without a body. */
export type Answer<V extends Verb, P extends PathOf<V>> =
  Operation<V, P> extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202 | 204)]> : never;

/** What one entry of a list is. */
export type Item<P extends PathOf<"get">> = Answer<"get", P> extends { data: (infer I)[] } ? I : never;

/** The paths of lists. */
export type ListPath = {
  [P in PathOf<"get">]: Answer<"get", P> extends { data: unknown[]; meta: unknown } ? P : never;
}[PathOf<"get">];

/** The paths that start a run. */
export type RunPath = Extract<PathOf<"post">, `${string}/run`>;
