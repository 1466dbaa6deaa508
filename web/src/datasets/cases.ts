/** The cases of a dataset as they are written, pasted and shown. Pure. */
import type { Schemas } from "@/api/client";
import { t } from "@/i18n";

export type Case = Schemas["DatasetItemCreate"];
export type Expectation = Schemas["DatasetItem"]["expectations"][number];
export type Kind = Expectation["type"];
export type Said = Schemas["DatasetMessage"];

export const KINDS: readonly { value: Kind; label: string }[] = [
  { value: "contains", label: "holds" },
  { value: "not_contains", label: "does not hold" },
  { value: "exact", label: "is exactly" },
  { value: "regex", label: "matches" },
  { value: "judge", label: "is found to meet" },
  { value: "json_schema", label: "is JSON of the form" },
];
const TEXT_KINDS = new Set<string>(["contains", "not_contains", "exact"]);
const MOST = 500;

/** An expectation of that kind, with what can be kept of another one. */
export function expectation(kind: Kind, value = "", before?: Expectation): Expectation {
  const weight = before?.weight ?? 1;
  if (kind === "regex") return { type: kind, pattern: value, weight };
  if (kind === "judge") return { type: kind, criteria: value, model: before?.type === "judge" ? before.model : "", weight };
  if (kind === "json_schema") return { type: kind, schema: before?.type === "json_schema" ? before.schema : { type: "object" }, weight };
  return { type: kind, value, case_sensitive: before && "case_sensitive" in before ? (before.case_sensitive ?? true) : false, weight };
}

/** What is expected, as a text; of a schema, its JSON. */
export function wanted(each: Expectation): string {
  if (each.type === "regex") return each.pattern;
  if (each.type === "judge") return each.criteria;
  return each.type === "json_schema" ? JSON.stringify(each.schema) : each.value;
}

export interface Problem {
  line: number;
  message: string;
}

export interface Pasted {
  cases: Case[];
  problems: Problem[];
}

/** Cases as CSV with the columns `input`, `expected` and, if wanted, `type`; or as JSON Lines in the form of the API. */
export function pasted(text: string): Pasted {
  const begin = text.trimStart();
  const found = begin.startsWith("{") || begin.startsWith("[") ? fromJson(text) : fromCsv(text);
  if (found.cases.length > MOST) {
    return { cases: [], problems: [{ line: 0, message: t("At most {count} cases can be added at once.", { count: MOST }) }] };
  }
  return found;
}

function gathered(rows: Iterable<[number, () => Case]>): Pasted {
  const found: Pasted = { cases: [], problems: [] };
  for (const [line, read] of rows) {
    try {
      found.cases.push(read());
    } catch (error) {
      found.problems.push({ line, message: (error as Error).message });
    }
  }
  return found;
}

function fromJson(text: string): Pasted {
  if (text.trimStart().startsWith("[")) {
    try {
      return gathered((JSON.parse(text) as unknown[]).map((each, at): [number, () => Case] => [at + 1, () => caseOf(each)]));
    } catch (error) {
      return { cases: [], problems: [{ line: 1, message: (error as Error).message }] };
    }
  }
  const lines = text.split("\n").map((line, at): [number, () => Case] => [at + 1, () => caseOf(JSON.parse(line))]);
  return gathered(lines.filter(([line]) => text.split("\n")[line - 1]?.trim()));
}

function caseOf(value: unknown): Case {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(t("This is no object."));
  const { input, messages, expectations, expected, type } = value as Record<string, unknown>;
  const asked = Array.isArray(messages) ? { messages: messages as Said[] } : { input: filled(input, "input") };
  if (Array.isArray(expectations)) return { ...asked, expectations: expectations as Expectation[] };
  return { ...asked, expectations: [heldAgainst(expected, type)] };
}

function filled(value: unknown, name: string): string {
  if (typeof value !== "string" || !value.trim()) throw new Error(t("“{name}” is missing.", { name }));
  return value;
}

function heldAgainst(value: unknown, type: unknown): Expectation {
  const kind = type === undefined || type === "" ? "contains" : type;
  if (typeof kind !== "string" || !(TEXT_KINDS.has(kind) || kind === "regex")) throw new Error(t("There is no type {name} here.", { name: String(kind) }));
  return expectation(kind as Kind, filled(value, "expected"));
}

function fromCsv(text: string): Pasted {
  const [heading, ...rows] = records(text);
  if (!heading) return { cases: [], problems: [] };
  const names = heading.fields.map((each) => each.trim().toLowerCase());
  if (!names.includes("input") || !names.includes("expected")) {
    return { cases: [], problems: [{ line: 1, message: t("The first line must name the columns input and expected.") }] };
  }
  return gathered(
    rows.map(({ line, fields }): [number, () => Case] => [line, () => caseOf(Object.fromEntries(names.map((name, at) => [name, fields[at] ?? ""])))]),
  );
}

interface CsvRecord {
  line: number;
  fields: string[];
}

const SEPARATORS = ["\t", ";", ","] as const;

/** The records of a CSV text (RFC 4180), separated as its first line is; empty lines are left out. */
function records(text: string): CsvRecord[] {
  const first = text.split("\n", 1)[0] ?? "";
  const separator = SEPARATORS.find((each) => first.includes(each)) ?? ",";
  const found: CsvRecord[] = [];
  let [fields, field, line, begin, isQuoted]: [string[], string, number, number, boolean] = [[], "", 1, 1, false];
  const end = (): void => {
    fields.push(field);
    if (fields.some((each) => each.trim())) found.push({ line: begin, fields });
    [fields, field] = [[], ""];
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === "\n") line++;
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at];
      else isQuoted = false;
    } else if (character === '"' && field === "") isQuoted = true;
    else if (character === separator) [fields, field] = [[...fields, field], ""];
    else if (character === "\n") {
      end();
      begin = line;
    } else if (character !== "\r") field += character;
  }
  end();
  return found;
}
