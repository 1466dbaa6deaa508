import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "@/shell/theme";

import { ApiError } from "@/api/client";
import { queryClient } from "@/api/queries";
import { forgetRuns } from "@/chat/live";
import { startLanguage, useWriting } from "@/i18n";
import { router } from "@/router";
import { Toasts } from "@/ui/toasts";

/** A session that has ended leads to the sign-in, and from there back to where the user was. */
function onSessionEnd(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 401) return;
  const { href, pathname } = router.state.location;
  if (!pathname.startsWith("/w/")) return;
  forgetRuns();
  void router.navigate({ to: "/sign-in", search: { then: href } }).then(() => queryClient.clear());
}

queryClient.getQueryCache().subscribe((event) => {
  if (event.type === "updated" && event.action.type === "error") onSessionEnd(event.action.error);
});
queryClient.getMutationCache().subscribe((event) => {
  if (event.type === "updated" && event.action.type === "error") onSessionEnd(event.action.error);
});

function Console() {
  const writing = useWriting();
  return (
    <QueryClientProvider client={queryClient} key={writing}>
      <RouterProvider router={router} />
      <Toasts />
    </QueryClientProvider>
  );
}

await startLanguage();
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Console />
  </StrictMode>,
);
