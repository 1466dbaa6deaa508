import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "@/api/client";
import { forgetRuns } from "@/chat/live";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Field } from "@/ui/field";
import { Section } from "@/ui/page";

/** The end of one's own user, with the present password as the confirmation. */
export function DeleteAccount() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  const [password, setPassword] = useState("");
  const remove = async (): Promise<void> => {
    await api.DELETE("/api/v1/user", { body: { password } });
    forgetRuns();
    await navigate({ to: "/sign-in", ignoreBlocker: true });
    client.clear();
  };
  return (
    <Section
      title={t("Delete your account")}
      about={t("With it go your tokens, and the workspaces that nobody else is in. What you wrote elsewhere stays there, without your name.")}
    >
      <Button kind="danger" className="self-start" onClick={() => setAsking(true)}>
        {t("Delete your account")}
      </Button>
      {isAsking && (
        <Confirm title={t("Delete your account")} action={t("Delete for good")} onConfirm={remove} onClose={() => setAsking(false)}>
          <Field
            label={t("Present password")}
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </Confirm>
      )}
    </Section>
  );
}
