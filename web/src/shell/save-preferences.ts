import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, type User } from "@/api/client";
import { userQuery } from "@/api/queries";
import { refresh } from "@/i18n";
import { applyPreferences, type Preferences } from "@/preferences";
import { notifyFailure } from "@/ui/toasts";

/** Changes some preferences: at once here, and kept with the account for all other browsers. */
export function useSavePreferences(): (changes: Partial<Preferences>) => void {
  const client = useQueryClient();
  const show = (user: User): void => {
    client.setQueryData(userQuery.queryKey, user);
    applyPreferences(user.preferences);
  };
  const { mutate } = useMutation({
    mutationFn: (changes: Partial<Preferences>) => api.PUT("/api/v1/user", { body: { preferences: changes } }),
    onMutate: (changes) => {
      const before = client.getQueryData(userQuery.queryKey);
      if (before) show({ ...before, preferences: { ...before.preferences, ...changes } });
      if ("locale" in changes || "time_zone" in changes) refresh();
      return { before };
    },
    onError: (error, _, context) => {
      if (context?.before) show(context.before);
      refresh();
      notifyFailure(error);
    },
    onSettled: () => client.invalidateQueries({ queryKey: userQuery.queryKey }),
  });
  return mutate;
}
