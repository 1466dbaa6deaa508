import { lazy, Suspense } from "react";

import { Skeleton } from "./listing";

export interface CodeEditorProps {
  label: string;
  language: "json" | "python";
  value: string;
  onChange: (value: string) => void;
  isReadOnly?: boolean;
}

const Loaded = lazy(() => import("./code-mirror"));

/** A field for code, loaded when it is first shown. */
export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<Skeleton rows={3} />}>
      <Loaded {...props} />
    </Suspense>
  );
}
