import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { api } from "@/api/client";
import { userQuery } from "@/api/queries";
import { t } from "@/i18n";
import { Confirm } from "@/ui/confirm";

import { useWorkspace } from "./workspace";

/** Ends one's own membership; who owns a workspace alone is told to hand it over first. */
export function LeaveWorkspace({ onClose }: { onClose: () => void }) {
  const { uuid, name } = useWorkspace();
  const { data: user } = useSuspenseQuery(userQuery);
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = async (): Promise<void> => {
    const path = { workspace_uuid: uuid, user_uuid: user.uuid };
    await api.DELETE("/api/v1/workspaces/{workspace_uuid}/members/{user_uuid}", { params: { path } });
    await client.invalidateQueries({ queryKey: ["user"] });
    await navigate({ to: "/" });
  };
  return (
    <Confirm title={t("Leave this workspace?")} action={t("Leave")} onConfirm={leave} onClose={onClose}>
      {t("You see “{name}” no more. Your tokens that are bound to it end at once.", { name })}
    </Confirm>
  );
}
