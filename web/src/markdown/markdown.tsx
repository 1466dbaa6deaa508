/** Markdown that may still be growing: only the block that changes is rendered anew. */
import type { Token } from "marked";
import { memo, useEffect, useLayoutEffect, useMemo, useRef } from "react";

import { t } from "@/i18n";
import { copyText } from "@/ui/clipboard";

import { highlighted } from "./highlight";
import { formula } from "./math";
import { blocks, sanitised, sanitisedMath, toHtml } from "./render";

const COPIED_MILLISECONDS = 1_500;

export const Markdown = memo(function Markdown({ text, isGrowing = false }: { text: string; isGrowing?: boolean }) {
  const found = useMemo(() => blocks(text), [text]);
  return (
    <div className="prose" dir="auto">
      {found.map((block, at) => (
        <Block key={at} raw={block.raw} block={block} isGrowing={isGrowing && at === found.length - 1} />
      ))}
    </div>
  );
});

interface BlockProps {
  /** What the block is made from: the same text is the same block. */
  raw: string;
  block: Token;
  isGrowing: boolean;
}

const Block = memo(
  function Block({ block, isGrowing }: BlockProps) {
    const place = useRef<HTMLDivElement>(null);
    const html = useMemo(() => ({ __html: toHtml(block) as unknown as string }), [block]);
    useLayoutEffect(() => {
      for (const pre of place.current?.querySelectorAll("pre") ?? []) frame(pre);
    }, [html]);
    useEffect(() => {
      const { current } = place;
      if (isGrowing || !current?.querySelector("pre code, .math")) return undefined;
      return whenNear(current, () => {
        for (const code of current.querySelectorAll<HTMLElement>("pre code")) void colour(code);
        for (const math of current.querySelectorAll<HTMLElement>(".math")) void draw(math);
      });
    }, [html, isGrowing]);
    return <div ref={place} className="block" dangerouslySetInnerHTML={html} />;
  },
  (before, after) => before.raw === after.raw && before.isGrowing === after.isGrowing,
);

const waiting = new Map<Element, () => void>();
const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      waiting.get(target)?.();
      waiting.delete(target);
    }
  },
  { rootMargin: "50%", scrollMargin: "50%" } as IntersectionObserverInit,
);

/** Has what takes long wait until the element comes close to the window; the answer gives it up. */
function whenNear(element: Element, work: () => void): () => void {
  waiting.set(element, work);
  near.observe(element);
  return () => {
    near.unobserve(element);
    waiting.delete(element);
  };
}

function languageOf(code: Element | null): string {
  return [...(code?.classList ?? [])].find((name) => name.startsWith("language-"))?.slice(9) ?? "";
}

/** Puts a head with the language and a button above code. */
function frame(pre: HTMLPreElement): void {
  if (pre.parentElement?.className === "code") return;
  const code = pre.querySelector("code");
  const copy = Object.assign(document.createElement("button"), { type: "button", textContent: t("Copy") });
  copy.addEventListener("click", () => {
    void copyText(code?.textContent ?? "").then(() => {
      copy.textContent = t("Copied");
      setTimeout(() => (copy.textContent = t("Copy")), COPIED_MILLISECONDS);
    });
  });
  const head = Object.assign(document.createElement("div"), { className: "code-head" });
  head.append(Object.assign(document.createElement("span"), { textContent: languageOf(code) }), copy);
  const around = Object.assign(document.createElement("div"), { className: "code" });
  pre.replaceWith(around);
  around.append(head, pre);
}

async function colour(code: HTMLElement): Promise<void> {
  const text = code.textContent ?? "";
  const html = await highlighted(text, languageOf(code));
  if (html !== null && code.textContent === text) code.innerHTML = sanitised(html) as unknown as string;
}

/** Puts the formula in the place of its source, which stays where it is no TeX. */
async function draw(math: HTMLElement): Promise<void> {
  const tex = math.textContent ?? "";
  const html = await formula(tex, math.classList.contains("math-block"));
  if (html !== null && math.textContent === tex) math.innerHTML = sanitisedMath(html) as unknown as string;
}
