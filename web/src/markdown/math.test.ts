import { Marked } from "marked";
import { expect, test } from "vitest";

import { formula, mathExtensions } from "./math";

const marked = new Marked({ extensions: mathExtensions((tex, isBlock) => (isBlock ? `<B>${tex}</B>` : `<I>${tex}</I>`)) });
const html = (text: string): string => (marked.parse(text, { async: false })).trim();

test("formulas stand in a line or by themselves", () => {
  expect(html("so $a^2$ and \\(b_1\\).")).toBe("<p>so <I>a^2</I> and <I>b_1</I>.</p>");
  expect(html("Thus\n\n$$\nx = 1\n$$\n\nand\n\n\\[ y \\]")).toBe("<p>Thus</p>\n<B>x = 1</B><p>and</p>\n<B>y</B>");
});

test("emphasis within a formula is none", () => {
  expect(html("$a_1 * b * c_2$")).toBe("<p><I>a_1 * b * c_2</I></p>");
});

test.each(["It costs $5 and then $10.", "a $ b $ c", "`$x$`", "$", "\\$x\\$", "between $5-$10"])("%s is no formula", (text) => {
  expect(html(text)).not.toContain("<I>");
});

test("a formula becomes MathML", async () => {
  expect(await formula("\\frac{1}{2}", false)).toContain("<mfrac>");
  expect(await formula("\\notacommand{", false)).toBeNull();
});

test("a formula leads nowhere and loads nothing", async () => {
  for (const tex of ["\\href{javascript:alert(1)}{x}", "\\includegraphics{https://example.com/a.png}", "\\htmlStyle{color:red}{x}"]) {
    expect((await formula(tex, false)) ?? "").not.toMatch(/href=|src=|style="color:red"/);
  }
});
