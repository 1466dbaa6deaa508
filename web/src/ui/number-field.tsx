import type { ComponentProps } from "react";

import { Field } from "./field";

interface NumberFieldProps extends Omit<ComponentProps<typeof Field>, "value" | "onChange" | "type"> {
  value: number | null | undefined;
  /** An empty field is `null`. */
  onChange: (value: number | null) => void;
}

export function NumberField({ value, onChange, ...rest }: NumberFieldProps) {
  return (
    <Field
      type="number"
      inputMode="decimal"
      value={value ?? ""}
      onChange={(event) => onChange(Number.isNaN(event.target.valueAsNumber) ? null : event.target.valueAsNumber)}
      {...rest}
    />
  );
}
