/** The shape of the pages that make and change a tool or a guardrail. */
import { useMutation, useQueryClient, type QueryKey } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { ApiError } from "@/api/client";
import type { Tagged } from "@/api/items";
import { Badge } from "@/ui/badge";
import type { Draft } from "@/ui/draft";
import { Page } from "@/ui/page";
import { Leaving, SaveBar } from "@/ui/save-bar";
import { notify } from "@/ui/toasts";

/** How what a form holds is saved, and why it could not be. */
export interface Saving {
  error: unknown;
  isSaving: boolean;
  onSave: () => void;
  onReload: () => void;
}

interface MakingOptions<Item> {
  make: () => Promise<Item>;
  /** Of the lists that have one more then. */
  listKey: QueryKey;
  /** Goes to its page. */
  open: (made: Item) => Promise<void>;
  said: string;
}

/** Makes what a new form holds. */
export function useMaking<Item>({ make, listKey, open, said }: MakingOptions<Item>): Saving {
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: make,
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: listKey });
      await open(made);
      notify(said);
    },
  });
  return { error: create.error, isSaving: create.isPending, onSave: () => create.mutate(), onReload: create.reset };
}

interface ChangingOptions<Item> {
  save: () => Promise<Tagged<Item>>;
  queryKey: QueryKey;
  listKey: QueryKey;
  draft: Pick<Draft<object>, "reset">;
  said: string;
}

/** Saves what is changed of something that there is. */
export function useChanging<Item>({ save, queryKey, listKey, draft, said }: ChangingOptions<Item>): Saving {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: save,
    onSuccess: (changed) => {
      client.setQueryData(queryKey, changed);
      void client.invalidateQueries({ queryKey: listKey });
      notify(said);
    },
  });
  const onReload = (): void => {
    draft.reset();
    change.reset();
    void client.invalidateQueries({ queryKey });
  };
  return { error: change.error, isSaving: change.isPending, onSave: () => change.mutate(), onReload };
}

interface FormPageProps {
  title: string;
  above: ReactNode;
  /** What kind of thing it is. */
  kind: string;
  draft: Pick<Draft<object>, "isChanged" | "reset">;
  saving: Saving;
  mayChange: boolean;
  /** The form, told what is wrong with which field. */
  fields: (problems: Readonly<Record<string, string>>) => ReactNode;
  /** What stands below the form. */
  children?: ReactNode;
}

export function FormPage({ title, above, kind, draft, saving, mayChange, fields, children }: FormPageProps) {
  const { error, isSaving, onSave, onReload } = saving;
  const isChanged = draft.isChanged && mayChange;
  return (
    <Page title={title} above={above} width="text" actions={<Badge>{kind}</Badge>}>
      <fieldset disabled={!mayChange} className="grid min-w-0 gap-6">
        {fields(error instanceof ApiError ? error.problems : {})}
      </fieldset>
      {children}
      <SaveBar isChanged={isChanged} isSaving={isSaving} error={error} onSave={onSave} onDiscard={draft.reset} onReload={onReload} />
      <Leaving isChanged={isChanged} />
    </Page>
  );
}
