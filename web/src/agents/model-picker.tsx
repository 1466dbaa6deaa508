import { useQuery } from "@tanstack/react-query";
import { Cpu } from "lucide-react";
import { useDeferredValue, useState } from "react";

import { modelsQuery } from "@/api/queries";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Picker } from "@/ui/picker";

interface ModelPickerProps {
  id?: string;
  label?: string;
  value: string | null;
  onChange: (model: string | null) => void;
  /** What stands for no model of its own. */
  none?: string;
  isDisabled?: boolean;
}

/** One of the models that the workspace's accounts have. */
export function ModelPicker({ id, label, value, onChange, none, isDisabled = false }: ModelPickerProps) {
  const workspace = useWorkspace();
  const [search, setSearch] = useState("");
  const models = useQuery(modelsQuery(workspace.uuid, useDeferredValue(search.trim())));
  const shown = models.data?.find((each) => each.name === value || each.uuid === value)?.display_name ?? value;
  const usual = none ?? t("Usual model");
  return (
    <Picker
      isField
      {...(id === undefined ? {} : { id })}
      label={label ?? t("Model")}
      icon={<Cpu aria-hidden />}
      shown={shown ?? usual}
      value={value ?? ""}
      isDisabled={isDisabled}
      options={[
        { value: "", label: usual },
        ...(models.data ?? []).map((each) => ({ value: each.name, label: each.display_name, detail: each.name })),
      ]}
      onPick={(picked) => onChange(picked || null)}
      onSearch={setSearch}
      empty={t("No model is called so. Connect a provider to have more.")}
    />
  );
}
