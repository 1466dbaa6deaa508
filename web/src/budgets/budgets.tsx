/** Budgets as cards, to be read, and changed by who may. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Wallet } from "lucide-react";
import { useState, type ReactNode } from "react";

import { api } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { RemoveButton } from "@/ui/remove-button";
import { Empty } from "@/ui/state";

import { BudgetCard } from "./budget-card";
import { BudgetDialog } from "./budget-dialog";
import { budgetsQuery, type Budget, type BudgetsSearch } from "./queries";

interface BudgetsProps {
  /** Which; a new one is for the same. */
  search?: BudgetsSearch;
  about?: string;
  /** What narrows them. */
  children?: ReactNode;
}

export function Budgets({ search = {}, about, children }: BudgetsProps) {
  const { uuid, may } = useWorkspace();
  const query = useInfiniteQuery(budgetsQuery(uuid, search));
  const [edited, setEdited] = useState<Budget | "new" | null>(null);
  return (
    <Section
      title={t("Budgets")}
      about={about}
      actions={
        may("budgets.create") && (
          <Button kind="primary" onClick={() => setEdited("new")}>
            <Plus aria-hidden /> {t("New budget")}
          </Button>
        )
      }
    >
      {children}
      <Listing
        query={query}
        empty={
          <Empty icon={<Wallet aria-hidden />} title={t("No budgets")}>
            {t("Nothing limits what is spent on models here.")}
          </Empty>
        }
      >
        {(budgets) => (
          <ul className="grid gap-3 grid-cols-[repeat(auto-fill,minmax(min(18rem,100%),1fr))]" aria-label={t("Budgets")}>
            {budgets.map((each) => (
              <BudgetCard key={each.uuid} budget={each} actions={<Actions budget={each} onEdit={() => setEdited(each)} />} />
            ))}
          </ul>
        )}
      </Listing>
      {edited !== null && <BudgetDialog {...(edited === "new" ? {} : { budget: edited })} scope={search} onClose={() => setEdited(null)} />}
    </Section>
  );
}

function Actions({ budget, onEdit }: { budget: Budget; onEdit: () => void }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const remove = async (): Promise<void> => {
    await api.DELETE("/api/v1/budgets/{budget_uuid}", { params: { path: { budget_uuid: budget.uuid }, query: { workspace_uuid: uuid } } });
    await client.invalidateQueries({ queryKey: ["budgets", uuid] });
  };
  return (
    <span className="flex">
      {may("budgets.update") && (
        <IconButton label={t("Edit {name}", { name: budget.name })} onClick={onEdit}>
          <Pencil />
        </IconButton>
      )}
      {may("budgets.delete") && (
        <RemoveButton name={budget.name} title={t("Delete {name}?", { name: budget.name })} onRemove={remove}>
          {t("What it limited is limited by it no more.")}
        </RemoveButton>
      )}
    </span>
  );
}
