import { useMutation } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";

import { api, value, type Schemas } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Failure } from "@/ui/state";

/** Has a user grant access at the server that an account is for. */
export function Connect({ account }: { account: Schemas["Account"] }) {
  const { uuid, may } = useWorkspace();
  const begin = useMutation({
    mutationFn: async () =>
      (
        await value(
          api.POST("/api/v1/accounts/{account_uuid}/oauth/authorize", {
            params: { path: { account_uuid: account.uuid }, query: { workspace_uuid: uuid } },
          }),
        )
      ).data,
    onSuccess: ({ authorization_url }) => location.assign(authorization_url),
  });
  const isActive = account.status === "active";
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={isActive ? "success" : "warning"}>{isActive ? t("Connected") : t("Not connected")}</Badge>
        {may("accounts.update") && (
          <Button disabled={begin.isPending} onClick={() => begin.mutate()}>
            <ExternalLink aria-hidden /> {isActive ? t("Connect anew by OAuth") : t("Connect by OAuth")}
          </Button>
        )}
      </div>
      {begin.isError && <Failure error={begin.error} />}
    </div>
  );
}
