/** What an expression may name at a node, and what fits where the caret stands. Pure. */
import { output, type Draft, type GraphNode } from "./graph";
import { before } from "./ports";

export interface Suggestion {
  /** What is put in. */
  text: string;
  detail: string;
}

interface Names {
  draft: Draft;
  node: GraphNode;
  secrets: readonly string[];
  variables: readonly string[];
  isInLoop: boolean;
  /** Whether the field may name secrets. */
  takesSecrets: boolean;
  /** What nodes gave in an execution, by which their fields are known. */
  outputs: Readonly<Record<string, unknown>>;
  /** What arrived at the node in it, and what its trigger gave. */
  given: { input: unknown; trigger: unknown };
}

const DEPTH = 3;
const MOST_FIELDS = 40;
export const MARK = "{{";

/** Everything that may be named, in the order of its use. */
export function names({ draft, node, secrets, variables, isInLoop, takesSecrets, outputs, given }: Names): Suggestion[] {
  const titles = new Map(draft.nodes.map((each) => [each.id, each.name || each.type]));
  const earlier = before(node.id, draft.edges).flatMap((id) => {
    const path = `${output(id)}.output`;
    return [{ text: path, detail: titles.get(id) ?? "" }, ...fields(path, outputs[id])];
  });
  return [
    { text: "input", detail: "what arrived at the node" },
    ...fields("input", given.input),
    ...(isInLoop ? [{ text: "item", detail: "the loop's present item" }, { text: "index", detail: "its number from 0" }] : []),
    ...earlier,
    { text: "trigger", detail: "what started the execution" },
    { text: "trigger.input", detail: "of a manual start" },
    ...fields("trigger.input", given.trigger),
    { text: "trigger.body", detail: "of a webhook" },
    ...draft.variables.map((each) => ({ text: `variables.${each.name}`, detail: each.description ?? "" })),
    ...variables.map((name) => ({ text: `workspace.variables.${name}`, detail: "" })),
    ...(takesSecrets ? secrets.map((name) => ({ text: `secrets.${name}`, detail: "" })) : []),
    { text: "execution.uuid", detail: "" },
    { text: "execution.started_at", detail: "" },
    { text: "workflow.name", detail: "" },
    { text: "workspace.uuid", detail: "" },
  ];
}

/** The paths into a value that was given before. */
function fields(path: string, value: unknown, depth = 0): Suggestion[] {
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth >= DEPTH) return [];
  return Object.entries(value)
    .slice(0, MOST_FIELDS)
    .flatMap(([key, each]) => {
      const inner = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
      return [{ text: inner, detail: short(each) }, ...fields(inner, each, depth + 1)];
    });
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** The name that is being written before the caret; `null` outside of an expression. */
export function wordAt(text: string, caret: number): string | null {
  const written = text.slice(0, caret);
  const open = written.lastIndexOf(MARK);
  if (open < 0 || written.lastIndexOf("}}") > open) return null;
  return /[A-Za-z0-9_."'[\]-]*$/.exec(written.slice(open + MARK.length))?.[0] ?? "";
}

export function fitting(all: readonly Suggestion[], word: string, most = 8): Suggestion[] {
  const wanted = word.toLowerCase();
  const begins = all.filter((each) => each.text.toLowerCase().startsWith(wanted) && each.text !== word);
  const holds = all.filter((each) => !begins.includes(each) && each.text !== word && each.text.toLowerCase().includes(wanted));
  return [...begins, ...holds].slice(0, most);
}

/** The text with a suggestion in place of the word before the caret, and where the caret stands then. */
export function completed(text: string, caret: number, suggestion: string): { text: string; caret: number } {
  const word = wordAt(text, caret) ?? "";
  const start = caret - word.length;
  const spaced = text.slice(0, start).endsWith(MARK) ? ` ${suggestion}` : suggestion;
  const end = text.slice(caret).trimStart().startsWith("}}") ? "" : " }}";
  return { text: text.slice(0, start) + spaced + end + text.slice(caret), caret: start + spaced.length };
}
