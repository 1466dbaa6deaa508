/** Texts with variables that are kept in versions and run like agents. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Plus, TextQuote } from "lucide-react";
import { useCallback, useState, type FormEvent } from "react";

import { api, ApiError, value } from "@/api/client";
import { formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { AreaField, Field } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Page } from "@/ui/page";
import { SearchField } from "@/ui/search-field";
import { Empty, Failure } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { promptsQuery, type Prompt } from "./queries";

const route = getRouteApi("/w/$workspace/prompts");

export function PromptsPage() {
  const { uuid, may } = useWorkspace();
  const { search = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const [isMaking, setMaking] = useState(false);
  const query = useInfiniteQuery(promptsQuery(uuid, search));
  const onSearch = useCallback((text: string) => void navigate({ search: text ? { search: text } : {}, replace: true }), [navigate]);
  return (
    <Page
      title={t("Prompts")}
      about={t("Texts with variables, kept in versions, and run like agents.")}
      actions={
        may("prompts.create") && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            <Plus aria-hidden /> {t("New prompt")}
          </Button>
        )
      }
    >
      <SearchField label={t("Search prompts")} value={search} onSearch={onSearch} />
      <Listing
        query={query}
        empty={
          <Empty icon={<TextQuote aria-hidden />} title={search ? t("No prompt has this in it.") : t("There is no prompt yet.")}>
            {search ? t("Search for something else, or take a filter away.") : t("Write one with variables, and run it with several models side by side.")}
          </Empty>
        }
      >
        {(items) => <Prompts items={items} />}
      </Listing>
      {isMaking && <NewPrompt onClose={() => setMaking(false)} />}
    </Page>
  );
}

function Prompts({ items }: { items: readonly Prompt[] }) {
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  const columns: Column<Prompt>[] = [
    {
      id: "name",
      label: "Name",
      className: "max-w-96",
      show: (each) => (
        <>
          <Link to="/w/$workspace/prompts/$prompt" params={{ workspace: uuid, prompt: each.uuid }} dir="auto" className="block truncate font-medium hover:underline">
            {each.name}
          </Link>
          <span dir="auto" className="block truncate text-muted">
            {each.description || each.content}
          </span>
        </>
      ),
    },
    { id: "model", label: "Model", isMinor: true, show: (each) => <span className="text-muted">{each.model ?? t("Usual model")}</span> },
    { id: "version", label: "Version", isNumber: true, show: (each) => formatNumber(each.version) },
    { id: "changed", label: "Changed", isNumber: true, isMinor: true, show: (each) => formatTime(each.updated_at) },
  ];
  return (
    <Table
      label={t("Prompts")}
      columns={columns}
      rows={items}
      keyOf={(each) => each.uuid}
      onOpen={(each) => void navigate({ to: "/w/$workspace/prompts/$prompt", params: { workspace: uuid, prompt: each.uuid } })}
    />
  );
}

function NewPrompt({ onClose }: { onClose: () => void }) {
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [content, setContent] = useState("");
  const create = useMutation({
    mutationFn: async () =>
      (await value(api.POST("/api/v1/prompts", { params: { query: { workspace_uuid: uuid } }, body: { name, content } }))).data,
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["prompts", uuid] });
      await navigate({ to: "/w/$workspace/prompts/$prompt", params: { workspace: uuid, prompt: made.uuid } });
    },
  });
  const problems = create.error instanceof ApiError ? create.error.problems : {};
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title={t("New prompt")} onClose={onClose}>
      <form className="grid gap-4" onSubmit={onSubmit}>
        <Field autoFocus required maxLength={255} label={t("Name")} value={name} problem={problems["name"]} onChange={(event) => setName(event.target.value)} />
        <AreaField
          required
          rows={6}
          label={t("Text")}
          hint={t("A name in double braces is a variable.")}
          placeholder="Translate into {{language}}: {{text}}"
          value={content}
          problem={problems["content"]}
          onChange={(event) => setContent(event.target.value)}
        />
        {create.isError && Object.keys(problems).length === 0 && <Failure error={create.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button kind="primary" type="submit" disabled={create.isPending || !name.trim() || !content.trim()}>
            {t("Create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
