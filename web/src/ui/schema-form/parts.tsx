/** Several values: in a row, or each under a name. */
import { ArrowUp, Plus, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";

import { t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Input } from "@/ui/field";

interface FramedProps {
  label: string;
  hint: string | undefined;
  problem: string | undefined;
  children: ReactNode;
}

function Framed({ label, hint, problem, children }: FramedProps) {
  return (
    <fieldset className="grid min-w-0 gap-2">
      <legend className="font-medium">{label}</legend>
      {hint && <p className="text-xs text-muted">{hint}</p>}
      {problem && <p className="text-danger">{problem}</p>}
      {children}
    </fieldset>
  );
}

interface ItemsProps extends Omit<FramedProps, "children"> {
  values: readonly unknown[];
  onChange: (values: unknown[]) => void;
  /** What a new one begins with. */
  onAdd: () => unknown;
  most: number | undefined;
  children: (value: unknown, change: (value: unknown) => void, at: number) => ReactNode;
}

export function Items({ values, onChange, onAdd, most, children, ...framed }: ItemsProps) {
  return (
    <Framed {...framed}>
      {values.map((value, at) => (
        <div key={at} className="flex items-start gap-2 rounded-lg border p-3">
          <div className="min-w-0 flex-1">{children(value, (changed) => onChange(values.with(at, changed)), at)}</div>
          <div className="flex flex-col">
            <IconButton label={t("Remove {name}", { name: `${framed.label} ${at + 1}` })} onClick={() => onChange(values.toSpliced(at, 1))}>
              <Trash2 />
            </IconButton>
            {at > 0 && (
              <IconButton
                label={t("Move {name} up", { name: `${framed.label} ${at + 1}` })}
                onClick={() => onChange(values.toSpliced(at - 1, 2, value, values[at - 1]))}
              >
                <ArrowUp />
              </IconButton>
            )}
          </div>
        </div>
      ))}
      {(most === undefined || values.length < most) && (
        <Button className="justify-self-start" onClick={() => onChange([...values, onAdd()])}>
          <Plus aria-hidden /> {t("Add")}
        </Button>
      )}
    </Framed>
  );
}

interface NamedProps extends Omit<FramedProps, "children"> {
  values: Readonly<Record<string, unknown>>;
  onChange: (values: Record<string, unknown>) => void;
  onAdd: () => unknown;
  children: (value: unknown, change: (value: unknown) => void, name: string) => ReactNode;
}

export function Named({ values, onChange, onAdd, children, ...framed }: NamedProps) {
  const [name, setName] = useState("");
  const given = name.trim();
  const add = (): void => {
    if (!given || given in values) return;
    onChange({ ...values, [given]: onAdd() });
    setName("");
  };
  return (
    <Framed {...framed}>
      {Object.entries(values).map(([each, value]) => (
        <div key={each} className="flex items-start gap-2">
          <div className="min-w-0 flex-1">{children(value, (changed) => onChange({ ...values, [each]: changed }), each)}</div>
          <IconButton
            label={t("Remove {name}", { name: each })}
            onClick={() => {
              const { [each]: _removed, ...others } = values;
              onChange(others);
            }}
          >
            <Trash2 />
          </IconButton>
        </div>
      ))}
      <div className="flex gap-2">
        <Input
          aria-label={`${framed.label}: ${t("Name")}`}
          placeholder={t("Name")}
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            add();
          }}
        />
        <Button className="h-10" disabled={!given || given in values} onClick={add}>
          <Plus aria-hidden /> {t("Add")}
        </Button>
      </div>
    </Framed>
  );
}
