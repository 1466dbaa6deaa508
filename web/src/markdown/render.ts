/** Markdown to HTML that is safe to show: what the sanitiser does not know is not there, and nothing loads by itself. */
import DOMPurify from "dompurify";
import { Marked, type Token, type Tokens } from "marked";

import { mathExtensions } from "./math";

const TAGS = [
  "a", "b", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "input", "kbd",
  "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
];
const ATTRIBUTES = ["checked", "class", "disabled", "href", "start", "tabindex", "title", "type"];
const LINK = /^(?:https?:|mailto:)/i;
const HARMLESS = /^<\/?(?:b|br|del|em|i|kbd|s|strong|sub|sup|u)\s*\/?>$/i;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // What looks like HTML is what the model wrote, and is shown as such.
    html: ({ text }) => (HARMLESS.test(text.trim()) ? text : escape(text)),
    // An image would be loaded from wherever the model says; its address is shown instead.
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    code: ({ text, lang }) => {
      const language = /^[\w+#.-]+/.exec(lang ?? "")?.[0] ?? "";
      const name = language ? ` class="language-${escape(language)}"` : "";
      return `<pre tabindex="0"><code${name}>${escape(text)}</code></pre>`;
    },
    table(token: Tokens.Table) {
      const row = (cells: Tokens.TableCell[], tag: string): string =>
        `<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("")}</tr>`;
      const body = token.rows.map((cells) => row(cells, "td")).join("");
      return `<div class="table" tabindex="0"><table><thead>${row(token.header, "th")}</thead><tbody>${body}</tbody></table></div>`;
    },
  },
});

marked.use({
  extensions: mathExtensions((tex, isBlock) => {
    const tag = isBlock ? "div" : "span";
    return `<${tag} class="${isBlock ? "math math-block" : "math"}"${isBlock ? ' tabindex="0"' : ""}>${escape(tex)}</${tag}>`;
  }),
});

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("rel", "noopener noreferrer nofollow");
    node.setAttribute("target", "_blank");
  }
});

/** The blocks of a text: while it grows, all but the last one stay as they are. */
export function blocks(text: string): Token[] {
  return marked.lexer(text).filter((token) => token.type !== "space" && token.type !== "def");
}

export function toHtml(block: Token): TrustedHTML {
  return sanitised(marked.parser([block]));
}

export function sanitised(html: string): TrustedHTML {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOWED_URI_REGEXP: LINK,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_TRUSTED_TYPE: true,
  });
}

/** MathML of a formula, without what could lead elsewhere. */
export function sanitisedMath(html: string): TrustedHTML {
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { mathMl: true },
    ADD_TAGS: ["semantics", "annotation"],
    FORBID_ATTR: ["href", "xlink:href", "style"],
    ALLOW_DATA_ATTR: false,
    RETURN_TRUSTED_TYPE: true,
  });
}
