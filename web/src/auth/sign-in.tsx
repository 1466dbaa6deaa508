import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { api } from "@/api/client";
import { userQuery } from "@/api/queries";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Failure } from "@/ui/state";

import { browserName } from "./browser-name";
import { AuthPage } from "./page";

export function SignInPage() {
  const { then, changed } = useSearch({ from: "/sign-in" });
  const router = useRouter();
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () =>
      api.POST("/api/v1/auth/sign-in", { body: { email, password, device_name: browserName(navigator.userAgent), session: true } }),
    onSuccess: async () => {
      client.clear();
      await client.fetchQuery(userQuery);
      // A page of the server's own, which lets a program in.
      if (then?.startsWith("/oauth/authorize?")) location.assign(then);
      else router.history.push(then?.startsWith("/w/") ? then : "/");
    },
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <AuthPage title={t("Sign in to Athena")}>
      <form onSubmit={onSubmit} className="grid gap-4">
        {changed && <p role="status">{t("The password is changed. Sign in with it.")}</p>}
        {signIn.isError && <Failure error={signIn.error} />}
        <Field
          label={t("E-mail")}
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Field
          label={t("Password")}
          type="password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" kind="primary" className="h-10" disabled={signIn.isPending}>
          {signIn.isPending ? t("Signing in …") : t("Sign in")}
        </Button>
        <p className="text-center text-muted">
          <Link to="/reset-password" className="underline underline-offset-2 hover:text-ink">
            {t("Set a new password")}
          </Link>
        </p>
      </form>
    </AuthPage>
  );
}
