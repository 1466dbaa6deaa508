/** A text that may hold expressions, with what can be named in them. */
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { t } from "@/i18n";
import { cn } from "@/ui/classes";
import { FieldFrame, TextArea } from "@/ui/field";

import { ExpressionPreview, type PreviewPlace } from "./expression-preview";
import { completed, fitting, MARK, wordAt, type Suggestion } from "./expressions";

interface ExpressionFieldProps {
  label: string;
  hint?: string | undefined;
  problem?: string | undefined;
  isRequired?: boolean | undefined;
  placeholder?: string | undefined;
  aside?: ReactNode;
  value: string;
  onChange: (value: string) => void;
  suggestions: readonly Suggestion[];
  place: PreviewPlace;
  isReadOnly: boolean;
}

export function ExpressionField(props: ExpressionFieldProps) {
  const { value, onChange, suggestions, place, isReadOnly, placeholder, ...framed } = props;
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState<number | null>(null);
  const [active, setActive] = useState(0);
  const word = caret === null || isReadOnly ? null : wordAt(value, caret);
  const found = word === null ? [] : fitting(suggestions, word);
  const at = Math.min(active, found.length - 1);

  const take = (suggestion: Suggestion | undefined): void => {
    if (!suggestion || caret === null) return;
    const next = completed(value, caret, suggestion.text);
    onChange(next.text);
    setCaret(null);
    requestAnimationFrame(() => area.current?.setSelectionRange(next.caret, next.caret));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (found.length === 0 || event.nativeEvent.isComposing) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move !== undefined) setActive((at + move + found.length) % found.length);
    else if (event.key === "Enter" || event.key === "Tab") take(found[at]);
    else if (event.key === "Escape") setCaret(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isExpression = value.includes(MARK);
  return (
    <div className="relative">
      <FieldFrame {...framed}>
        {(control) => (
          <TextArea
            {...control}
            ref={area}
            role="combobox"
            aria-autocomplete="list"
            aria-expanded={found.length > 0}
            aria-controls={id}
            aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
            rows={Math.min(12, Math.max(1, value.split("\n").length, Math.ceil(value.length / 44)))}
            dir="auto"
            readOnly={isReadOnly}
            required={framed.isRequired}
            spellCheck={!isExpression}
            placeholder={placeholder}
            value={value}
            onChange={(event) => {
              onChange(event.target.value);
              setCaret(event.target.selectionStart);
              setActive(0);
            }}
            onClick={(event) => setCaret(event.currentTarget.selectionStart)}
            onBlur={() => setCaret(null)}
            onKeyDown={onKeyDown}
            className={cn("resize-y", isExpression && "font-mono text-[13px]")}
          />
        )}
      </FieldFrame>
      <ul
        id={id}
        role="listbox"
        aria-label={t("What can be named here")}
        className={cn("absolute inset-x-0 z-20 mt-1 max-h-64 overflow-y-auto rounded-lg border bg-raised p-1 shadow-pop", found.length === 0 && "hidden")}
      >
        {found.map((each, number) => (
          <li
            key={each.text}
            id={`${id}-${number}`}
            role="option"
            aria-selected={number === at}
            onPointerDown={(event) => {
              event.preventDefault();
              take(each);
            }}
            onPointerMove={() => setActive(number)}
            className={cn("flex items-baseline gap-2 rounded-md px-2 py-1", number === at && "bg-hover")}
          >
            <code className="truncate font-mono text-[13px]">{each.text}</code>
            <span className="ms-auto truncate text-xs text-muted">{each.detail}</span>
          </li>
        ))}
      </ul>
      <ExpressionPreview
        {...place}
        text={value}
        problem={framed.problem}
        onPlace={(position) => {
          area.current?.focus();
          area.current?.setSelectionRange(position, position);
        }}
      />
    </div>
  );
}
