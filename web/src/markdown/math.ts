/** Formulas in TeX, as models write them: `$…$` and `\(…\)` in a line, `$$…$$` and `\[…\]` by themselves. */
import type { TokenizerAndRendererExtension, Tokens } from "marked";

// After the opening and before the closing dollar stands no space, and no digit follows: prices are no formulas.
const IN_LINE = /^(?:\$(?![\s$])((?:\\.|[^\\$\n])*?[^\s\\$])\$(?![\d$])|\\\(([^\n]+?)\\\))/;
const BY_ITSELF = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n+|$)/;
const MOST_CHARACTERS = 5_000;

interface Formula extends Tokens.Generic {
  tex: string;
}

/** `shown` makes an element that holds a formula's source; see `formula`. */
export function mathExtensions(shown: (tex: string, isBlock: boolean) => string): TokenizerAndRendererExtension[] {
  const extension = (level: "inline" | "block", pattern: RegExp, begins: RegExp): TokenizerAndRendererExtension => ({
    name: `${level}Math`,
    level,
    start: (source) => {
      const at = source.search(begins);
      return at < 0 ? undefined : at;
    },
    tokenizer: (source): Formula | undefined => {
      const found = pattern.exec(source);
      const tex = (found?.[1] ?? found?.[2])?.trim();
      if (!found || !tex || tex.length > MOST_CHARACTERS) return undefined;
      return { type: `${level}Math`, raw: found[0], tex };
    },
    renderer: (token) => shown((token as Formula).tex, level === "block"),
  });
  return [extension("block", BY_ITSELF, /(?:^|\n) {0,3}(?:\$\$|\\\[)/), extension("inline", IN_LINE, /\$|\\\(/)];
}

/** A formula's MathML, which the browser draws by itself; `null` where the source is no TeX. */
export async function formula(tex: string, isBlock: boolean): Promise<string | null> {
  const { default: katex } = await import("katex");
  try {
    return katex.renderToString(tex, { displayMode: isBlock, output: "mathml", trust: false, strict: "ignore", maxExpand: 500 });
  } catch {
    return null;
  }
}
