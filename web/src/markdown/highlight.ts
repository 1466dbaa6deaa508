/** Colours for code: loaded when the first code is shown. */
import type { HLJSApi, LanguageFn } from "highlight.js";

const LANGUAGES: Record<string, () => Promise<{ default: LanguageFn }>> = {
  bash: () => import("highlight.js/lib/languages/bash"),
  c: () => import("highlight.js/lib/languages/c"),
  cpp: () => import("highlight.js/lib/languages/cpp"),
  csharp: () => import("highlight.js/lib/languages/csharp"),
  css: () => import("highlight.js/lib/languages/css"),
  diff: () => import("highlight.js/lib/languages/diff"),
  go: () => import("highlight.js/lib/languages/go"),
  java: () => import("highlight.js/lib/languages/java"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  json: () => import("highlight.js/lib/languages/json"),
  kotlin: () => import("highlight.js/lib/languages/kotlin"),
  markdown: () => import("highlight.js/lib/languages/markdown"),
  php: () => import("highlight.js/lib/languages/php"),
  python: () => import("highlight.js/lib/languages/python"),
  ruby: () => import("highlight.js/lib/languages/ruby"),
  rust: () => import("highlight.js/lib/languages/rust"),
  sql: () => import("highlight.js/lib/languages/sql"),
  swift: () => import("highlight.js/lib/languages/swift"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
};
const OTHER_NAMES: Record<string, string> = {
  "c++": "cpp", "c#": "csharp", cs: "csharp", golang: "go", html: "xml", js: "javascript", jsonc: "json", jsx: "javascript",
  kt: "kotlin", md: "markdown", py: "python", rb: "ruby", rs: "rust", sh: "bash", shell: "bash", svg: "xml", ts: "typescript",
  tsx: "typescript", yml: "yaml", zsh: "bash",
};
const LONGEST = 50_000;

let loading: Promise<HLJSApi> | undefined;

/** The HTML of coloured code, to be sanitised; null for languages that are not known, and for very long code. */
export async function highlighted(code: string, language: string): Promise<string | null> {
  const name = OTHER_NAMES[language.toLowerCase()] ?? language.toLowerCase();
  const load = LANGUAGES[name];
  if (!load || code.length > LONGEST) return null;
  loading ??= import("highlight.js/lib/core").then((module) => module.default);
  const [hljs, grammar] = await Promise.all([loading, load()]);
  if (!hljs.getLanguage(name)) hljs.registerLanguage(name, grammar.default);
  return hljs.highlight(code, { language: name, ignoreIllegals: true }).value;
}
