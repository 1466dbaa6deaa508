import { ArrowUp, Plus, X } from "lucide-react";
import type { ReactNode } from "react";

import { t } from "@/i18n";

import { IconButton } from "./button";
import { Picker, type Option } from "./picker";

interface ChosenFieldProps {
  label: string;
  hint?: ReactNode;
  problem?: string | undefined;
  /** The button that adds one. */
  action: string;
  values: readonly string[];
  options: readonly Option[];
  onChange: (values: string[]) => void;
  empty: string;
  isOrdered?: boolean;
}

/** Several of what there is, each found by its name. */
export function ChosenField({ label, hint, problem, action, values, options, onChange, empty, isOrdered }: ChosenFieldProps) {
  const found = new Map(options.map((option) => [option.value, option]));
  return (
    <fieldset className="grid min-w-0 gap-2">
      <legend className="font-medium">{label}</legend>
      {hint && <p className="text-xs text-muted">{hint}</p>}
      {values.length > 0 && (
        <ul className="divide-y rounded-lg border">
          {values.map((value, at) => {
            const name = found.get(value)?.label ?? value;
            return (
              <li key={value} className="flex items-center gap-2 py-1 ps-3 pe-1">
                <span className="min-w-0 flex-1">
                  <span className="block truncate">{name}</span>
                  {found.get(value)?.detail && <span className="block truncate text-xs text-muted">{found.get(value)?.detail}</span>}
                </span>
                {isOrdered && at > 0 && (
                  <IconButton label={t("Move {name} up", { name })} onClick={() => onChange(values.toSpliced(at - 1, 2, value, values[at - 1] as string))}>
                    <ArrowUp />
                  </IconButton>
                )}
                <IconButton label={t("Remove {name}", { name })} onClick={() => onChange(values.filter((each) => each !== value))}>
                  <X />
                </IconButton>
              </li>
            );
          })}
        </ul>
      )}
      {problem && <p className="text-danger">{problem}</p>}
      <div className="-ms-2">
        <Picker
          label={action}
          icon={<Plus aria-hidden />}
          shown={t("Add")}
          value={null}
          options={options.filter((option) => !values.includes(option.value))}
          onPick={(value) => onChange([...values, value])}
          empty={empty}
        />
      </div>
    </fieldset>
  );
}
