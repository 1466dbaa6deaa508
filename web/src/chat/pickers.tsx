import { useQuery } from "@tanstack/react-query";
import { Bot, Cpu } from "lucide-react";
import { useDeferredValue, useState } from "react";

import { agentsQuery, modelsQuery } from "@/api/queries";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Picker } from "@/ui/picker";

import type { Speakers } from "./sending";

const USUAL = "";

interface PickersProps {
  speakers: Speakers;
  onChange: (changes: Partial<Speakers>) => void;
  isDisabled: boolean;
}

/** Who answers, and with which model. */
export function Pickers({ speakers, onChange, isDisabled }: PickersProps) {
  const workspace = useWorkspace();
  const [search, setSearch] = useState("");
  const agents = useQuery(agentsQuery(workspace.uuid));
  const models = useQuery(modelsQuery(workspace.uuid, useDeferredValue(search.trim())));
  const agent = agents.data?.find((each) => each.uuid === speakers.agent);
  const usual = agent?.model ?? null;
  const model = models.data?.find((each) => each.name === speakers.model);
  return (
    <>
      <Picker
        label={t("Agent")}
        icon={<Bot aria-hidden />}
        shown={agent?.name ?? t("No agent")}
        value={speakers.agent ?? USUAL}
        isDisabled={isDisabled}
        options={[
          { value: USUAL, label: t("No agent"), detail: t("The model alone answers") },
          ...(agents.data ?? []).map((each) => ({ value: each.uuid, label: each.name, detail: each.description || undefined })),
        ]}
        onPick={(value) => onChange({ agent: value || null })}
        empty={t("No agent is called so.")}
      />
      <Picker
        label={t("Model")}
        icon={<Cpu aria-hidden />}
        shown={model?.display_name ?? speakers.model ?? usual ?? t("Usual model")}
        value={speakers.model ?? USUAL}
        isDisabled={isDisabled}
        options={[
          { value: USUAL, label: t("Usual model"), detail: usual ?? t("As the agent has it") },
          ...(models.data ?? []).map((each) => ({ value: each.name, label: each.display_name, detail: each.name })),
        ]}
        onPick={(value) => onChange({ model: value || null })}
        onSearch={setSearch}
        empty={t("No model is called so. Connect a provider to have more.")}
      />
    </>
  );
}
