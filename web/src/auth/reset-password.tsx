import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { api } from "@/api/client";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Failure } from "@/ui/state";

import { AuthPage } from "./page";

/** Sets a password by a token of the operator's. It may stand behind `#` in the address, which no server sees. */
export function ResetPasswordPage() {
  const navigate = useNavigate();
  const [token, setToken] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const [password, setPassword] = useState("");
  const reset = useMutation({
    mutationFn: () => api.POST("/api/v1/auth/reset-password", { body: { token: token.trim(), password } }),
    onSuccess: () => navigate({ to: "/sign-in", search: { changed: true }, hash: "" }),
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    reset.mutate();
  };
  return (
    <AuthPage title={t("Set a new password")}>
      <form onSubmit={onSubmit} className="grid gap-4">
        <p className="text-muted">
          {t("Who runs this Athena makes a token for you:")} <code>athena user reset-password</code>
        </p>
        {reset.isError && <Failure error={reset.error} />}
        <Field label={t("Token")} required autoComplete="off" value={token} onChange={(event) => setToken(event.target.value)} />
        <Field
          label={t("New password")}
          type="password"
          autoComplete="new-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" kind="primary" className="h-10" disabled={reset.isPending}>
          {t("Set password")}
        </Button>
        <p className="text-center text-muted">
          <Link to="/sign-in" className="underline underline-offset-2 hover:text-ink">
            {t("Back to sign-in")}
          </Link>
        </p>
      </form>
    </AuthPage>
  );
}
