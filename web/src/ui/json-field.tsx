import { useEffect, useState } from "react";

import { t } from "@/i18n";

import { FieldFrame, TextArea } from "./field";

interface JsonFieldProps {
  label: string;
  hint?: string | undefined;
  problem?: string | undefined;
  value: unknown;
  /** Told of every text that is JSON; of an empty one as `undefined`. */
  onChange: (value: unknown) => void;
  isRequired?: boolean | undefined;
  rows?: number;
}

/** A value as JSON. What is not (yet) JSON stays in the field, and is told of below it. */
export function JsonField({ label, hint, problem, value, onChange, isRequired, rows = 4 }: JsonFieldProps) {
  const [text, setText] = useState(() => written(value));
  const parsed = read(text);
  useEffect(() => {
    setText((present) => (same(read(present), value) ? present : written(value)));
  }, [value]);
  const change = (given: string): void => {
    setText(given);
    const found = read(given);
    if (!("error" in found)) onChange(found.value);
  };
  const said = "error" in parsed ? `${t("This is not JSON:")} ${parsed.error}` : problem;
  return (
    <FieldFrame label={label} hint={hint} problem={said} isRequired={isRequired}>
      {(control) => (
        <TextArea
          {...control}
          rows={rows}
          spellCheck={false}
          value={text}
          onChange={(event) => change(event.target.value)}
          className="font-mono text-[13px]"
        />
      )}
    </FieldFrame>
  );
}

type Parsed = { value: unknown } | { error: string };

function read(text: string): Parsed {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function written(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

function same(parsed: Parsed, value: unknown): boolean {
  // A text that is no JSON is being written: it stays.
  return "error" in parsed || JSON.stringify(parsed.value) === JSON.stringify(value);
}
