/** What the page of variables and secrets asks for. */
import { api, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { given, listOptions } from "@/api/lists";

export type Variable = Schemas["Variable"];
export type VariableKind = Variable["kind"];

export interface VariablesSearch {
  search?: string;
  kind?: VariableKind;
}

export const variablesQuery = (workspace: string, { search, kind }: VariablesSearch) =>
  listOptions<Variable>(["variables", workspace, search, kind], (cursor, signal) =>
    value(
      api.GET("/api/v1/variables", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 50, sort: "name", ...given({ search, kind }) } },
        signal,
      }),
    ),
  );

export function readVariable(workspace: string, variable: string, signal: AbortSignal) {
  const params = { path: { variable_uuid: variable }, query: { workspace_uuid: workspace } };
  return tagged<Variable>(api.GET("/api/v1/variables/{variable_uuid}", { params, signal }));
}

/** Words that the language keeps to itself: after a dot they name nothing. */
const KEPT: ReadonlySet<string> = new Set(["in", "true", "false", "null"]);

/** How an expression reads a variable or a secret. */
export function expressionOf({ kind, name }: Pick<Variable, "kind" | "name">): string {
  const place = kind === "secret" ? "secrets" : "workspace.variables";
  return `{{ ${place}${KEPT.has(name) ? `["${name}"]` : `.${name}`} }}`;
}

/** A value in a line: texts as they are, anything else as JSON. */
export function written(given: unknown): string {
  return typeof given === "string" ? given : JSON.stringify(given);
}

/** A secret as it was pasted: a key of several lines whole, a single line without the break behind it. */
export function secretOf(pasted: string): string {
  const line = pasted.replace(/\s+$/, "");
  return line.includes("\n") ? pasted : line;
}
