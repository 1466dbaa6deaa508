/** Brings a bundle into the workspace: what it would make and change is shown before anything is done. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { PackageOpen, Upload } from "lucide-react";
import { useRef, useState } from "react";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Skeleton } from "@/ui/listing";
import { Page, Section } from "@/ui/page";
import { Empty, Failure } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { Accounts } from "./accounts";
import { Needs } from "./needs";
import { PlanView } from "./plan-view";
import { applyBundle, isPending, planQuery, uploadBundle, type Choice, type Plan } from "./queries";

const route = getRouteApi("/w/$workspace/bundles");

export function BundlesPage() {
  const { bundle } = route.useSearch();
  const { may } = useWorkspace();
  return (
    <Page
      title={t("Bundles")}
      about={t("Agents, workflows and what they need, as files that travel between workspaces.")}
      actions={may("bundles.create") && <UploadButton />}
      width="text"
    >
      {bundle ? (
        <Planned key={bundle} bundle={bundle} />
      ) : (
        <Empty icon={<PackageOpen aria-hidden />} title={t("No bundle is open.")}>
          {t("Open the zip of a bundle. You see what it would make and change before anything happens.")}
        </Empty>
      )}
    </Page>
  );
}

function UploadButton() {
  const { uuid } = useWorkspace();
  const navigate = route.useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const upload = useMutation({
    mutationFn: (file: File) => uploadBundle(uuid, file),
    onSuccess: (bundle) => navigate({ search: { bundle } }),
  });
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".zip,application/zip"
        className="sr-only"
        aria-label={t("The zip of a bundle")}
        tabIndex={-1}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) upload.mutate(file);
          // The same file again is another try.
          event.target.value = "";
        }}
      />
      <Button kind="primary" disabled={upload.isPending} onClick={() => input.current?.click()}>
        <Upload aria-hidden /> {t("Open a bundle")}
      </Button>
      {upload.isError && <Failure className="basis-full" error={upload.error} />}
    </>
  );
}

function Planned({ bundle }: { bundle: string }) {
  const { uuid } = useWorkspace();
  const [accounts, setAccounts] = useState<Choice>({});
  const query = useQuery({ ...planQuery(uuid, bundle, accounts), placeholderData: (before) => before });
  if (query.isPending) return <Skeleton />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const plan = query.data;
  return (
    <div className="grid gap-6" aria-busy={query.isPlaceholderData}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-xl border p-4">
        <div className="min-w-0 flex-1">
          <p className="flex flex-wrap items-center gap-2 font-semibold">
            {plan.name} <Badge>{plan.version}</Badge>
          </p>
          {plan.description && (
            <p dir="auto" className="text-muted break-words">
              {plan.description}
            </p>
          )}
        </div>
        <ApplyButton plan={plan} accounts={accounts} isStale={query.isPlaceholderData} onAgain={() => void query.refetch()} />
      </div>
      <Needs plan={plan} />
      {plan.accounts.length > 0 && <Accounts plan={plan} onChoose={(key, account) => setAccounts({ ...accounts, [key]: account })} />}
      <Section title={t("What will happen")} about={isPending(plan) ? undefined : t("The workspace is as the bundle says.")}>
        <PlanView resources={plan.resources} />
      </Section>
    </div>
  );
}

interface ApplyProps {
  plan: Plan;
  accounts: Choice;
  isStale: boolean;
  onAgain: () => void;
}

function ApplyButton({ plan, accounts, isStale, onAgain }: ApplyProps) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const apply = useMutation({
    mutationFn: (overwrite: boolean) => applyBundle(uuid, plan, accounts, overwrite),
    onSuccess: async () => {
      notify(t("The bundle is applied. New workflows are drafts until you activate them."));
      await client.invalidateQueries();
    },
  });
  if (!isPending(plan)) return null;
  return (
    <>
      <Button
        kind="primary"
        disabled={!plan.applicable || isStale || apply.isPending}
        onClick={() => (plan.conflicts > 0 ? setAsking(true) : apply.mutate(false))}
      >
        {t("Apply")}
      </Button>
      {apply.isError && !isAsking && (
        <Failure
          className="basis-full"
          error={apply.error}
          onRetry={() => {
            apply.reset();
            onAgain();
          }}
        />
      )}
      {isAsking && (
        <Confirm
          title={t("Replace what was changed by hand?")}
          action={t("Replace")}
          onConfirm={() => apply.mutateAsync(true)}
          onClose={() => setAsking(false)}
        >
          {t("{count} were changed by hand since the bundle was applied. They become as the bundle says; versions of before can be restored.", {
            count: plan.conflicts,
          })}
        </Confirm>
      )}
    </>
  );
}
