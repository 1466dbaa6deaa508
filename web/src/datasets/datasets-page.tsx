/** Questions with what is expected of their answers, by which agents are evaluated. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ListChecks, Plus } from "lucide-react";
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
import { RemoveButton } from "@/ui/remove-button";
import { SearchField } from "@/ui/search-field";
import { Empty, Failure } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { datasetsQuery, type Dataset } from "./queries";

const route = getRouteApi("/w/$workspace/datasets");

export function DatasetsPage() {
  const { uuid, may } = useWorkspace();
  const { search = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const [isMaking, setMaking] = useState(false);
  const query = useInfiniteQuery(datasetsQuery(uuid, search));
  const onSearch = useCallback((text: string) => void navigate({ search: text ? { search: text } : {}, replace: true }), [navigate]);
  return (
    <Page
      title={t("Datasets")}
      about={t("Questions with what is expected of their answers. Agents are evaluated by them.")}
      actions={
        may("datasets.create") && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            <Plus aria-hidden /> {t("New dataset")}
          </Button>
        )
      }
    >
      <SearchField label={t("Search datasets")} value={search} onSearch={onSearch} />
      <Listing
        query={query}
        empty={
          <Empty icon={<ListChecks aria-hidden />} title={search ? t("No dataset is called so.") : t("There is no dataset yet.")}>
            {search ? t("Search for something else, or take a filter away.") : t("Make one, and add cases by hand, from a table, or from what was said in chats.")}
          </Empty>
        }
      >
        {(items) => <Datasets items={items} />}
      </Listing>
      {isMaking && <DatasetDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

function Datasets({ items }: { items: readonly Dataset[] }) {
  const { uuid, may } = useWorkspace();
  const navigate = useNavigate();
  const client = useQueryClient();
  const remove = async (dataset: string): Promise<void> => {
    await api.DELETE("/api/v1/datasets/{dataset_uuid}", { params: { path: { dataset_uuid: dataset }, query: { workspace_uuid: uuid } } });
    await client.invalidateQueries({ queryKey: ["datasets", uuid] });
  };
  const columns: Column<Dataset>[] = [
    {
      id: "name",
      label: "Name",
      className: "max-w-96",
      show: (each) => (
        <>
          <Link to="/w/$workspace/datasets/$dataset" params={{ workspace: uuid, dataset: each.uuid }} dir="auto" className="block truncate font-medium hover:underline">
            {each.name}
          </Link>
          <span dir="auto" className="block truncate text-muted">
            {each.description}
          </span>
        </>
      ),
    },
    { id: "cases", label: "Cases", isNumber: true, show: (each) => formatNumber(each.items_count) },
    { id: "changed", label: "Changed", isNumber: true, isMinor: true, show: (each) => formatTime(each.updated_at) },
    {
      id: "actions",
      label: null,
      isNumber: true,
      show: (each) =>
        may("datasets.delete") && (
          <RemoveButton name={each.name} title={t("Delete this dataset?")} onRemove={() => remove(each.uuid)}>
            {t("Its cases and all evaluations by it are gone for good.")}
          </RemoveButton>
        ),
    },
  ];
  return (
    <Table
      label={t("Datasets")}
      columns={columns}
      rows={items}
      keyOf={(each) => each.uuid}
      onOpen={(each) => void navigate({ to: "/w/$workspace/datasets/$dataset", params: { workspace: uuid, dataset: each.uuid } })}
    />
  );
}

function DatasetDialog({ onClose }: { onClose: () => void }) {
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const create = useMutation({
    mutationFn: async () => (await value(api.POST("/api/v1/datasets", { params: { query: { workspace_uuid: uuid } }, body: { name, description } }))).data,
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["datasets", uuid] });
      await navigate({ to: "/w/$workspace/datasets/$dataset", params: { workspace: uuid, dataset: made.uuid } });
    },
  });
  const problems = create.error instanceof ApiError ? create.error.problems : {};
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title={t("New dataset")} onClose={onClose}>
      <form className="grid gap-4" onSubmit={onSubmit}>
        <Field autoFocus required maxLength={255} label={t("Name")} value={name} problem={problems["name"]} onChange={(event) => setName(event.target.value)} />
        <AreaField rows={2} label={t("Description")} value={description} problem={problems["description"]} onChange={(event) => setDescription(event.target.value)} />
        {create.isError && Object.keys(problems).length === 0 && <Failure error={create.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button kind="primary" type="submit" disabled={create.isPending || !name.trim()}>
            {t("Create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
