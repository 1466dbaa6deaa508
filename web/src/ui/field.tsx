import { useId, type ComponentProps } from "react";

import { cn } from "./classes";

const INPUT = "w-full rounded-lg border border-strong-line bg-canvas px-3 py-2 placeholder:text-muted";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={cn(INPUT, "h-10", className)} {...rest} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={cn(INPUT, className)} {...rest} />;
}

interface FieldProps extends ComponentProps<"input"> {
  label: string;
  /** What is wrong with the value. */
  problem?: string | undefined;
}

/** An input with its label, and what is wrong with it. */
export function Field({ label, problem, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <Input id={id} aria-invalid={problem ? true : undefined} aria-describedby={problem ? `${id}-problem` : undefined} {...rest} />
      {problem && (
        <p id={`${id}-problem`} className="text-danger">
          {problem}
        </p>
      )}
    </div>
  );
}
