import { X } from "lucide-react";
import { useId, useState, type ComponentProps, type KeyboardEvent, type ReactNode } from "react";

import { t } from "@/i18n";

import { cn } from "./classes";

const INPUT =
  "w-full rounded-lg border border-strong-line bg-canvas px-3 py-2 placeholder:text-muted aria-invalid:border-danger disabled:opacity-60";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input dir="auto" className={cn(INPUT, "h-10", className)} {...rest} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea dir="auto" className={cn(INPUT, className)} {...rest} />;
}

export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select className={cn(INPUT, "h-10 py-0", className)} {...rest} />;
}

/** What ties an input to its label, its hint and its problem. */
export interface FieldControl {
  id: string;
  "aria-invalid": true | undefined;
  "aria-describedby": string | undefined;
}

interface FrameProps {
  label: ReactNode;
  hint?: ReactNode;
  /** What is wrong with the value. */
  problem?: string | undefined;
  isRequired?: boolean | undefined;
  /** At the other end of the label's line. */
  aside?: ReactNode;
  children: (control: FieldControl) => ReactNode;
}

/** An input with its label, what it is for, and what is wrong with it. */
export function FieldFrame({ label, hint, problem, isRequired, aside, children }: FrameProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div className="grid min-w-0 content-start gap-1.5">
      <div className="flex items-end justify-between gap-2">
        <label htmlFor={id} className="font-medium">
          {label}
          {isRequired && (
            <span className="text-danger" title={t("Required")}>
              {" *"}
            </span>
          )}
        </label>
        {aside}
      </div>
      {children({ id, "aria-invalid": problem ? true : undefined, "aria-describedby": described || undefined })}
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-muted">
          {hint}
        </p>
      )}
      {problem && (
        <p id={`${id}-problem`} className="text-danger">
          {problem}
        </p>
      )}
    </div>
  );
}

type Framed = Omit<FrameProps, "children" | "isRequired">;

/** An input of one line. */
export function Field({ label, hint, problem, aside, ...rest }: Framed & ComponentProps<"input">) {
  return (
    <FieldFrame label={label} hint={hint} problem={problem} aside={aside} isRequired={rest.required}>
      {(control) => <Input {...control} {...rest} />}
    </FieldFrame>
  );
}

export function AreaField({ label, hint, problem, aside, ...rest }: Framed & ComponentProps<"textarea">) {
  return (
    <FieldFrame label={label} hint={hint} problem={problem} aside={aside} isRequired={rest.required}>
      {(control) => <TextArea rows={4} dir="auto" {...control} {...rest} />}
    </FieldFrame>
  );
}

export function SelectField({ label, hint, problem, aside, ...rest }: Framed & ComponentProps<"select">) {
  return (
    <FieldFrame label={label} hint={hint} problem={problem} aside={aside} isRequired={rest.required}>
      {(control) => <Select {...control} {...rest} />}
    </FieldFrame>
  );
}

interface SwitchProps {
  label: ReactNode;
  hint?: ReactNode;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  isDisabled?: boolean;
}

/** Something that is on or off. */
export function Switch({ label, hint, isOn, onChange, isDisabled }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-3">
      <button
        type="button"
        role="switch"
        aria-checked={isOn}
        aria-labelledby={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        disabled={isDisabled}
        onClick={() => onChange(!isOn)}
        className={cn(
          "mt-0.5 flex h-5 w-9 shrink-0 items-center rounded-full border p-0.5 transition-colors disabled:opacity-50",
          isOn ? "border-accent bg-accent" : "border-strong-line bg-panel",
        )}
      >
        <span className={cn("size-3.5 rounded-full transition-transform", isOn ? "translate-x-4 bg-white rtl:-translate-x-4" : "bg-strong-line")} />
      </button>
      <span className="min-w-0">
        <span id={id} className="font-medium">
          {label}
        </span>
        {hint && (
          <span id={`${id}-hint`} className="block text-xs text-muted">
            {hint}
          </span>
        )}
      </span>
    </div>
  );
}

interface TagsFieldProps extends Framed {
  values: readonly string[];
  onChange: (values: string[]) => void;
  placeholder?: string;
}

/** Several words, each entered with Enter or a comma. */
export function TagsField({ values, onChange, placeholder, ...framed }: TagsFieldProps) {
  const [text, setText] = useState("");
  const add = (): void => {
    const given = text.trim();
    if (given && !values.includes(given)) onChange([...values, given]);
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Backspace" && text === "") onChange(values.slice(0, -1));
    else if (event.key === "," || (event.key === "Enter" && text.trim())) add();
    else return;
    event.preventDefault();
  };
  return (
    <FieldFrame {...framed}>
      {(control) => (
        <div className={cn(INPUT, "flex min-h-10 flex-wrap items-center gap-1.5 py-1.5 focus-within:outline-2 focus-within:outline-accent")}>
          {values.map((value) => (
            <span key={value} className="inline-flex items-center gap-1 rounded-md bg-hover ps-2">
              {value}
              <button
                type="button"
                aria-label={t("Remove {name}", { name: value })}
                onClick={() => onChange(values.filter((each) => each !== value))}
                className="flex size-6 items-center justify-center text-muted hover:text-ink"
              >
                <X className="size-3.5" />
              </button>
            </span>
          ))}
          <input
            {...control}
            value={text}
            placeholder={values.length === 0 ? placeholder : undefined}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={onKeyDown}
            onBlur={add}
            className="min-w-24 flex-1 bg-transparent outline-none"
          />
        </div>
      )}
    </FieldFrame>
  );
}
