/** One dataset: its cases, which are added, changed, taken from elsewhere, and deleted here. */
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ClipboardPaste, ListChecks, Pencil, Plus } from "lucide-react";
import { useCallback, useState } from "react";

import { api } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Listing, Skeleton } from "@/ui/listing";
import { Page } from "@/ui/page";
import { RemoveButton } from "@/ui/remove-button";
import { SearchField } from "@/ui/search-field";
import { Empty, Failure } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { CaseDialog, EditCase } from "./case-dialog";
import { KINDS, wanted, type Expectation } from "./cases";
import { ImportDialog } from "./import-dialog";
import { datasetQuery, itemsQuery, type Item } from "./queries";

const route = getRouteApi("/w/$workspace/datasets/$dataset");

type Open = { kind: "new" } | { kind: "paste" } | { kind: "edit"; item: string } | null;

export function DatasetPage() {
  const { uuid, may } = useWorkspace();
  const { dataset } = route.useParams();
  const { search = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const [open, setOpen] = useState<Open>(null);
  const one = useQuery(datasetQuery(uuid, dataset));
  const query = useInfiniteQuery(itemsQuery(uuid, dataset, search));
  const onSearch = useCallback((text: string) => void navigate({ search: text ? { search: text } : {}, replace: true }), [navigate]);
  const close = (): void => setOpen(null);
  const above = (
    <Link to="/w/$workspace/datasets" params={{ workspace: uuid }} className="hover:underline">
      {t("Datasets")}
    </Link>
  );
  if (one.isError && !one.data) {
    return (
      <Page title={t("Dataset")} above={above}>
        <Failure error={one.error} onRetry={() => void one.refetch()} />
      </Page>
    );
  }
  if (!one.data) {
    return (
      <Page title={t("Dataset")} above={above}>
        <Skeleton />
      </Page>
    );
  }
  return (
    <Page
      title={one.data.item.name}
      above={above}
      about={one.data.item.description}
      actions={
        may("datasets.update") && (
          <>
            <Button onClick={() => setOpen({ kind: "paste" })}>
              <ClipboardPaste aria-hidden /> {t("Paste cases")}
            </Button>
            <Button kind="primary" onClick={() => setOpen({ kind: "new" })}>
              <Plus aria-hidden /> {t("Add a case")}
            </Button>
          </>
        )
      }
    >
      <SearchField label={t("Search cases")} value={search} onSearch={onSearch} />
      <Listing
        query={query}
        empty={
          <Empty icon={<ListChecks aria-hidden />} title={search ? t("No case has this in it.") : t("There are no cases yet.")}>
            {search
              ? t("Search for something else, or take a filter away.")
              : t("Add what users say and what a good answer has; paste a table; or choose “Into a dataset” below an answer in a chat.")}
          </Empty>
        }
      >
        {(items) => <Cases items={items} onEdit={(item) => setOpen({ kind: "edit", item })} />}
      </Listing>
      {open?.kind === "new" && <CaseDialog dataset={dataset} onClose={close} />}
      {open?.kind === "edit" && <EditCase dataset={dataset} item={open.item} onClose={close} />}
      {open?.kind === "paste" && <ImportDialog dataset={dataset} onClose={close} />}
    </Page>
  );
}

function Cases({ items, onEdit }: { items: readonly Item[]; onEdit: (item: string) => void }) {
  const { uuid, may } = useWorkspace();
  const { dataset } = route.useParams();
  const client = useQueryClient();
  const remove = async (item: string): Promise<void> => {
    const params = { path: { dataset_uuid: dataset, item_uuid: item }, query: { workspace_uuid: uuid } };
    await api.DELETE("/api/v1/datasets/{dataset_uuid}/items/{item_uuid}", { params });
    await client.invalidateQueries({ queryKey: ["datasets", uuid] });
  };
  const columns: Column<Item>[] = [
    {
      id: "input",
      label: "Input",
      className: "max-w-80 align-top",
      show: ({ messages }) => (
        <>
          <span dir="auto" className="line-clamp-3 break-words whitespace-pre-wrap">
            {messages.at(-1)?.content}
          </span>
          {messages.length > 1 && <span className="text-xs text-muted">{t("after {count} messages", { count: messages.length - 1 })}</span>}
        </>
      ),
    },
    {
      id: "expected",
      label: "The answer …",
      className: "max-w-96 align-top",
      show: ({ expectations }) => expectations.map((each, at) => <Expected key={at} expectation={each} />),
    },
    {
      id: "actions",
      label: null,
      isNumber: true,
      className: "align-top",
      show: (each) =>
        may("datasets.update") && (
          <span className="inline-flex">
            <IconButton label={t("Edit")} onClick={() => onEdit(each.uuid)}>
              <Pencil />
            </IconButton>
            <RemoveButton name={each.messages.at(-1)?.content.slice(0, 60) ?? ""} title={t("Delete this case?")} onRemove={() => remove(each.uuid)}>
              {t("What it came to in evaluations stays.")}
            </RemoveButton>
          </span>
        ),
    },
  ];
  return <Table label={t("Cases")} columns={columns} rows={items} keyOf={(each) => each.uuid} />;
}

function Expected({ expectation }: { expectation: Expectation }) {
  const label = KINDS.find((each) => each.value === expectation.type)?.label ?? "";
  return (
    <span className="line-clamp-2 break-words">
      <span className="text-muted">{t(label)}</span> <bdi>{wanted(expectation)}</bdi>
    </span>
  );
}
