import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
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

export default function CodeMirror({ label, language, value, onChange, isReadOnly = false }: CodeEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const told = useRef(onChange);
  told.current = onChange;

  useEffect(() => {
    view.current = new EditorView({
      parent: place.current as HTMLDivElement,
      doc: value,
      extensions: [
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

  return <div ref={place} />;
}
