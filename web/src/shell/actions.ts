/** What can be done from everywhere. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

import { api } from "@/api/client";
import { forgetRuns } from "@/chat/live";
import { notifyFailure } from "@/ui/toasts";

import { useWorkspace } from "./workspace";

export function useActions() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const { uuid } = useWorkspace();
  const newThread = useCallback(() => {
    void navigate({ to: "/w/$workspace/chat", params: { workspace: uuid } }).then(() =>
      document.getElementById("composer")?.focus(),
    );
  }, [navigate, uuid]);
  const openWorkspace = useCallback(
    (workspace: string) => void navigate({ to: "/w/$workspace/chat", params: { workspace } }),
    [navigate],
  );
  const signOut = useCallback(async () => {
    try {
      await api.POST("/api/v1/auth/logout");
      forgetRuns();
      await navigate({ to: "/sign-in" });
      client.clear();
    } catch (error) {
      notifyFailure(error);
    }
  }, [client, navigate]);
  return { newThread, openWorkspace, signOut };
}
