/** Which of the workspace's accounts stand for those that a bundle declares. */
import { useInfiniteQuery } from "@tanstack/react-query";

import { t } from "@/i18n";
import { accountsQuery } from "@/providers/queries";
import { useWorkspace } from "@/shell/workspace";
import { SelectField } from "@/ui/field";
import { Section } from "@/ui/page";

import type { Plan } from "./queries";

interface AccountsProps {
  plan: Plan;
  onChoose: (key: string, account: string) => void;
}

export function Accounts({ plan, onChoose }: AccountsProps) {
  const { uuid } = useWorkspace();
  const query = useInfiniteQuery(accountsQuery(uuid));
  const known = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Section title={t("Accounts")} about={t("Credentials never travel: choose whose are used here.")}>
      <div className="grid gap-4 sm:grid-cols-2">
        {plan.accounts.map((each) => {
          const fitting = known.filter((account) => account.provider?.slug === each.provider);
          return (
            <SelectField
              key={each.key}
              label={each.key}
              hint={each.description || each.provider}
              value={each.account_uuid ?? ""}
              disabled={fitting.length === 0}
              onChange={(event) => onChoose(each.key, event.target.value)}
            >
              {each.account_uuid === null && <option value="">{t("None of {provider}", { provider: each.provider })}</option>}
              {fitting.map((account) => (
                <option key={account.uuid} value={account.uuid}>
                  {account.name}
                </option>
              ))}
            </SelectField>
          );
        })}
      </div>
    </Section>
  );
}
