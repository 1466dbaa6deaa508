import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";

import type { CodeEditorProps } from "./code-editor";

const LANGUAGES = { json, python };
const LOOK = EditorView.theme({
  "&": { border: "1px solid var(--color-strong-line)", borderRadius: "8px", fontSize: "13px", maxHeight: "60vh" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", overflow: "auto" },
  ".cm-content": { minHeight: "6rem" },
  ".cm-gutters": { backgroundColor: "var(--color-panel)", color: "var(--color-muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused": { outline: "2px solid var(--color-accent)" },
  ".cm-cursor": { borderLeftColor: "var(--color-ink)" },
});

/** The colours of code, which are legible on light and on dark. */
const COLOURS = HighlightStyle.define([
  { tag: [tags.comment, tags.meta], color: "var(--color-muted)" },
  { tag: [tags.keyword, tags.bool, tags.null], color: "light-dark(#8b2fb8, #d6a1ff)" },
  { tag: [tags.string, tags.regexp], color: "light-dark(#11663a, #8fd9a8)" },
  { tag: [tags.number], color: "light-dark(#9a4500, #f5b27a)" },
  { tag: [tags.function(tags.variableName), tags.className], color: "light-dark(#1d4fc4, #8fb8ff)" },
  { tag: [tags.propertyName], color: "light-dark(#0b5e73, #7fd3e6)" },
]);

export default function CodeMirror({ label, language, value, onChange, isReadOnly = false }: CodeEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const told = useRef(onChange);
  told.current = onChange;

  useEffect(() => {
    const element = place.current as HTMLDivElement;
    // In a tree of its own it brings its styles as sheets; in the document it would as elements, which the page refuses.
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    view.current = new EditorView({
      parent: root,
      root,
      doc: value,
      extensions: [
        syntaxHighlighting(COLOURS),
        basicSetup,
        LANGUAGES[language](),
        LOOK,
        EditorView.lineWrapping,
        EditorState.readOnly.of(isReadOnly),
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorView.updateListener.of((update) => update.docChanged && told.current(update.state.doc.toString())),
      ],
    });
    return () => view.current?.destroy();
    // The text is followed below: what is typed must not make the editor anew.
  }, [label, language, isReadOnly]);

  useEffect(() => {
    const present = view.current?.state.doc.toString();
    if (present !== undefined && present !== value) {
      view.current?.dispatch({ changes: { from: 0, to: present.length, insert: value } });
    }
  }, [value]);

  return <div ref={place} dir="ltr" />;
}
