import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, value as valueOf, type Schemas } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { AreaField } from "@/ui/field";
import { Section } from "@/ui/page";
import { Failure } from "@/ui/state";

import type { Guardrail } from "./queries";

const OUTCOMES: Record<Schemas["GuardrailDecision"]["outcome"], { label: string; tone: Tone }> = {
  passed: { label: "Passed", tone: "success" },
  masked: { label: "Masked", tone: "warning" },
  refused: { label: "Refused", tone: "danger" },
  warned: { label: "Warned", tone: "warning" },
  shadow: { label: "Would have acted", tone: "accent" },
};

/** Tries a guardrail, as it is saved, on a text. Nothing of it is kept. */
export function GuardrailTest({ guardrail }: { guardrail: Guardrail }) {
  const { uuid } = useWorkspace();
  const [text, setText] = useState("");
  const test = useMutation({
    mutationFn: async () =>
      (
        await valueOf(
          api.POST("/api/v1/guardrails/{guardrail_uuid}/test", {
            params: { path: { guardrail_uuid: guardrail.uuid }, query: { workspace_uuid: uuid } },
            body: { text },
          }),
        )
      ).data,
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    test.mutate();
  };
  const verdict = test.data;
  return (
    <Section title={t("Try it")} about={t("It is tried as it is saved. Nothing of the text is kept.")}>
      <form onSubmit={onSubmit} className="grid gap-4 rounded-xl border p-4" aria-label={t("Try it")}>
        <AreaField label={t("Text")} required rows={3} value={text} onChange={(event) => setText(event.target.value)} />
        <Button type="submit" kind="primary" className="justify-self-start" disabled={test.isPending}>
          <Play aria-hidden /> {t("Check it")}
        </Button>
        {test.isError && <Failure error={test.error} />}
        {verdict && (
          <div role="status" className="grid gap-2">
            {verdict.decisions.map((each) => (
              <p key={each.stage} className="flex flex-wrap items-center gap-2">
                <Badge tone={OUTCOMES[each.outcome].tone}>{t(OUTCOMES[each.outcome].label)}</Badge>
                {each.reason}
              </p>
            ))}
            <pre tabIndex={0} aria-label={t("Result")} className="rounded-lg border bg-panel p-3 font-sans break-words whitespace-pre-wrap">
              {verdict.refused ? verdict.message : verdict.text}
            </pre>
          </div>
        )}
      </form>
    </Section>
  );
}
