import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { api, ApiError, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { useDraft } from "@/ui/draft";
import { Field, SelectField } from "@/ui/field";
import { Skeleton } from "@/ui/listing";
import { Page, Section } from "@/ui/page";
import { Leaving, SaveBar } from "@/ui/save-bar";
import { Failure } from "@/ui/state";
import { Table } from "@/ui/table";
import { notify } from "@/ui/toasts";

import { DeleteAccount } from "./delete-account";
import { EventName } from "./event-name";
import { Exports } from "./exports";
import { PreferencesForm } from "./preferences-form";
import { SignIns } from "./sign-ins";

type User = Schemas["User"];

/** The user with the version that the server knows; below the key of the user, so that it is asked for anew with it. */
const ownQuery = {
  queryKey: ["user", "tagged"],
  queryFn: ({ signal }: { signal: AbortSignal }) => tagged(api.GET("/api/v1/user", { signal })),
  select: ({ item, etag }: { item: User; etag: string }) => ({ user: item, saved: draftOf(item), etag }),
};

function draftOf({ name, profile, default_workspace_uuid }: User) {
  const { first_name, last_name, photo } = profile;
  return { name, first_name: first_name ?? "", last_name: last_name ?? "", initials: photo.initials, color: photo.color, default_workspace_uuid };
}

export function ProfilePage() {
  const found = useQuery(ownQuery);
  return (
    <Page title={t("Profile")} about={found.data?.user.email} width="text">
      {found.isPending && <Skeleton rows={6} />}
      {found.isError && <Failure error={found.error} onRetry={() => void found.refetch()} />}
      {found.data && <About {...found.data} />}
      <PreferencesForm />
      <PasswordForm />
      <SignIns />
      <Activity />
      <Exports
        title={t("Export of your data")}
        about={t("One zip file with what is your own, in all workspaces that you are in. It is kept for a week.")}
        queryKey={["own"]}
        read={(cursor, signal) => value(api.GET("/api/v1/user/exports", { params: { query: { cursor } }, signal }))}
        begin={() => api.POST("/api/v1/user/export")}
        remove={(uuid) => api.DELETE("/api/v1/user/exports/{export_uuid}", { params: { path: { export_uuid: uuid } } })}
      />
      <DeleteAccount />
    </Page>
  );
}

function About({ user, saved, etag }: { user: User; saved: ReturnType<typeof draftOf>; etag: string }) {
  const client = useQueryClient();
  const draft = useDraft(saved, etag);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    const { name, first_name, last_name, initials, color, default_workspace_uuid } = draft.value;
    const photo = { ...(initials === draft.base.initials ? {} : { initials: initials || null }), ...(color === draft.base.color ? {} : { color }) };
    const body = { name, default_workspace_uuid, profile: { first_name: first_name || null, last_name: last_name || null, photo } };
    try {
      await api.PUT("/api/v1/user", { params: { header: { "If-Match": draft.etag } }, body });
      await client.invalidateQueries({ queryKey: ["user"] });
      notify(t("Saved"));
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const discard = (): void => {
    draft.reset();
    setError(null);
  };
  const { value: shown, change } = draft;
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="flex items-center gap-4">
        <span
          aria-hidden
          className="flex size-16 shrink-0 items-center justify-center rounded-full text-xl font-semibold text-white"
          style={{ backgroundColor: shown.color }}
        >
          {shown.initials}
        </span>
        <div className="flex flex-wrap gap-3">
          <div className="w-24">
            <Field label={t("Initials")} maxLength={4} value={shown.initials} problem={problems["profile.photo.initials"]} onChange={(event) => change({ initials: event.target.value })} />
          </div>
          <div className="w-24">
            <Field label={t("Colour")} type="color" className="p-1" value={shown.color} problem={problems["profile.photo.color"]} onChange={(event) => change({ color: event.target.value })} />
          </div>
        </div>
      </div>
      <Field label={t("Name")} required value={shown.name} problem={problems["name"]} onChange={(event) => change({ name: event.target.value })} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("First name")} value={shown.first_name} problem={problems["profile.first_name"]} onChange={(event) => change({ first_name: event.target.value })} />
        <Field label={t("Last name")} value={shown.last_name} problem={problems["profile.last_name"]} onChange={(event) => change({ last_name: event.target.value })} />
      </div>
      <SelectField
        label={t("Usual workspace")}
        hint={t("Where programs with your tokens are when they name none.")}
        value={shown.default_workspace_uuid ?? ""}
        problem={problems["default_workspace_uuid"]}
        onChange={(event) => change({ default_workspace_uuid: event.target.value || null })}
      >
        {user.workspaces.map((each) => (
          <option key={each.uuid} value={each.uuid}>
            {each.name}
          </option>
        ))}
      </SelectField>
      <SaveBar
        isChanged={draft.isChanged}
        isSaving={isBusy}
        error={error}
        onSave={() => void save()}
        onDiscard={discard}
        onReload={() => {
          discard();
          void client.invalidateQueries({ queryKey: ["user"] });
        }}
      />
      <Leaving isChanged={draft.isChanged} />
    </form>
  );
}

function PasswordForm() {
  const [present, setPresent] = useState("");
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api.PUT("/api/v1/user", { body: { password, current_password: present } });
      setPresent("");
      setPassword("");
      notify(t("The password is changed. Every other sign-in of yours has ended."));
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title={t("Password")} about={t("A new one ends every other sign-in of yours, wherever it is.")}>
      <form className="grid gap-4 sm:grid-cols-2" onSubmit={(event) => void submit(event)}>
        <Field label={t("Present password")} type="password" autoComplete="current-password" value={present} problem={problems["current_password"]} onChange={(event) => setPresent(event.target.value)} />
        <Field label={t("New password")} type="password" autoComplete="new-password" required minLength={10} value={password} problem={problems["password"]} onChange={(event) => setPassword(event.target.value)} />
        {error !== null && Object.keys(problems).length === 0 && <Failure error={error} className="sm:col-span-2" />}
        <Button type="submit" className="justify-self-start" disabled={isBusy || password === ""}>
          {t("Change password")}
        </Button>
      </form>
    </Section>
  );
}

const ACTIVITIES = 10;

const activityQuery = queryOptions({
  queryKey: ["user", "activity"],
  queryFn: async ({ signal }) =>
    (await value(api.GET("/api/v1/user/audit-events", { params: { query: { per_page: ACTIVITIES } }, signal }))).data,
});

/** What was done with the user's own account. */
function Activity() {
  const query = useQuery(activityQuery);
  return (
    <Section title={t("Sign-ins and changes")} about={t("What was done with your account lately.")}>
      {query.isPending && <Skeleton rows={4} />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && (
        <Table
          label={t("Sign-ins and changes")}
          rows={query.data}
          keyOf={(event) => event.uuid}
          columns={[
            { id: "action", label: "Action", show: (event) => <EventName name={event.action} /> },
            { id: "address", label: "Network address", show: (event) => event.address ?? "–" },
            { id: "program", label: "Program", isMinor: true, show: (event) => <span className="line-clamp-1 break-all text-muted">{event.user_agent ?? "–"}</span> },
            { id: "time", label: "Time", isNumber: true, show: (event) => <span className="max-md:whitespace-normal">{formatTime(event.created_at)}</span> },
          ]}
        />
      )}
    </Section>
  );
}
