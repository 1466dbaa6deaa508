import { useInfiniteQuery, useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, ApiError, value, type Schemas } from "@/api/client";
import { listOptions } from "@/api/lists";
import { userQuery } from "@/api/queries";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Dialog } from "@/ui/dialog";
import { Field, Select, SelectField } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Failure } from "@/ui/state";
import { Table } from "@/ui/table";
import { notifyFailure } from "@/ui/toasts";

import { Once } from "./once";
import { SettingsPage } from "./settings-page";

type Member = Schemas["WorkspaceMember"];
type Role = Schemas["Role"];

const ROLES: Record<Role, { label: string }> = {
  owner: { label: "Owner" },
  admin: { label: "Admin" },
  builder: { label: "Builder" },
  operator: { label: "Operator" },
  viewer: { label: "Viewer" },
};
const NAMES = Object.keys(ROLES) as Role[];

/** The roles that somebody of this role may give: none above their own. */
function givable(role: string): Role[] {
  return NAMES.slice(Math.max(0, NAMES.indexOf(role as Role)));
}

const membersQuery = (workspace: string) =>
  listOptions(["members", workspace], (cursor, signal) =>
    value(
      api.GET("/api/v1/workspaces/{workspace_uuid}/members", {
        params: { path: { workspace_uuid: workspace }, query: { cursor, per_page: 50 } },
        signal,
      }),
    ),
  );

const invitationsQuery = (workspace: string) =>
  listOptions(["invitations", workspace], (cursor, signal) =>
    value(
      api.GET("/api/v1/workspaces/{workspace_uuid}/invitations", {
        params: { path: { workspace_uuid: workspace }, query: { cursor, per_page: 50 } },
        signal,
      }),
    ),
  );

export function MembersPage() {
  const { uuid, may } = useWorkspace();
  const [isInviting, setInviting] = useState(false);
  const [link, setLink] = useState<string | null>(null);
  return (
    <SettingsPage>
      <Section
        title={t("Members")}
        actions={
          may("members.create") && (
            <Button kind="primary" onClick={() => setInviting(true)}>
              <Plus aria-hidden /> {t("Invite")}
            </Button>
          )
        }
      >
        {link !== null && <Once label={t("Invitation link")} secret={link} />}
        <Members key={uuid} />
      </Section>
      {may("members.create") && <Invitations />}
      {isInviting && (
        <InviteDialog
          onClose={() => setInviting(false)}
          onMade={(url) => {
            setLink(url);
            setInviting(false);
          }}
        />
      )}
    </SettingsPage>
  );
}

function Members() {
  const { uuid, role, may } = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data: user } = useSuspenseQuery(userQuery);
  const query = useInfiniteQuery(membersQuery(uuid));
  const [going, setGoing] = useState<Member | null>(null);
  const [heir, setHeir] = useState<Member | null>(null);
  const changed = (): Promise<void> => client.invalidateQueries({ queryKey: ["members", uuid] });
  const change = useMutation({
    mutationFn: ({ member, to }: { member: Member; to: Role }) =>
      api.PUT("/api/v1/workspaces/{workspace_uuid}/members/{user_uuid}", {
        params: { path: { workspace_uuid: uuid, user_uuid: member.uuid } },
        body: { role: to },
      }),
    onError: notifyFailure,
    onSettled: changed,
  });
  const remove = async (member: Member): Promise<void> => {
    await api.DELETE("/api/v1/workspaces/{workspace_uuid}/members/{user_uuid}", {
      params: { path: { workspace_uuid: uuid, user_uuid: member.uuid } },
    });
    if (member.uuid !== user.uuid) return changed();
    await client.invalidateQueries({ queryKey: ["user"] });
    return navigate({ to: "/" });
  };
  const transfer = async (member: Member): Promise<void> => {
    await api.POST("/api/v1/workspaces/{workspace_uuid}/transfer-ownership", {
      params: { path: { workspace_uuid: uuid } },
      body: { user_uuid: member.uuid },
    });
    await client.invalidateQueries({ queryKey: ["user"] });
    await changed();
  };
  const roles = givable(role);
  const mayChange = (member: Member): boolean => may("members.update") && member.uuid !== user.uuid && roles.includes(member.role);
  const shownRole = (member: Member) =>
    mayChange(member) ? (
      <Select
        aria-label={t("Role of {name}", { name: member.name })}
        className="h-9 w-32"
        value={change.isPending && change.variables.member.uuid === member.uuid ? change.variables.to : member.role}
        onChange={(event) => change.mutate({ member, to: event.target.value as Role })}
      >
        {roles.map((each) => (
          <option key={each} value={each}>
            {t(ROLES[each].label)}
          </option>
        ))}
      </Select>
    ) : (
      <Badge>{t(ROLES[member.role].label)}</Badge>
    );
  const actions = (member: Member) => (
    <span className="flex justify-end gap-1">
      {may("workspaces.transfer") && member.uuid !== user.uuid && (
        <Button kind="ghost" className="max-md:hidden" onClick={() => setHeir(member)}>
          {t("Make owner")}
        </Button>
      )}
      {member.uuid === user.uuid ? (
        <Button kind="ghost" onClick={() => setGoing(member)}>
          {t("Leave")}
        </Button>
      ) : (
        may("members.delete") &&
        roles.includes(member.role) && (
          <IconButton label={t("Remove {name}", { name: member.name })} onClick={() => setGoing(member)}>
            <Trash2 />
          </IconButton>
        )
      )}
    </span>
  );
  const person = (member: Member) => (
    <>
      <span className="font-medium break-words">{member.name}</span>
      <span className="block text-xs break-all text-muted">{member.email}</span>
    </>
  );
  return (
    <>
      <Listing query={query} empty={null}>
        {(members) => (
          <Table
            label={t("Members")}
            rows={members}
            keyOf={(member) => member.uuid}
            columns={[
              { id: "name", label: "Name", show: person },
              { id: "role", label: "Role", show: shownRole },
              { id: "since", label: "Member since", isMinor: true, isNumber: true, show: (member) => formatTime(member.created_at) },
              { id: "actions", label: null, isNumber: true, show: actions },
            ]}
          />
        )}
      </Listing>
      {going && (
        <Confirm
          title={going.uuid === user.uuid ? t("Leave this workspace?") : t("Remove {name}", { name: going.name })}
          action={going.uuid === user.uuid ? t("Leave") : t("Remove")}
          onConfirm={() => remove(going)}
          onClose={() => setGoing(null)}
        >
          {t("Tokens of this member that are bound to the workspace end at once.")}
        </Confirm>
      )}
      {heir && (
        <Confirm title={t("Hand this workspace over?")} action={t("Make owner")} onConfirm={() => transfer(heir)} onClose={() => setHeir(null)}>
          {t("{name} becomes its owner, and you an admin.", { name: heir.name })}
        </Confirm>
      )}
    </>
  );
}

function Invitations() {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const query = useInfiniteQuery(invitationsQuery(uuid));
  const withdraw = useMutation({
    mutationFn: (invitation: string) =>
      api.DELETE("/api/v1/workspaces/{workspace_uuid}/invitations/{invitation_uuid}", {
        params: { path: { workspace_uuid: uuid, invitation_uuid: invitation } },
      }),
    onError: notifyFailure,
    onSettled: () => client.invalidateQueries({ queryKey: ["invitations", uuid] }),
  });
  return (
    <Section title={t("Invitations")}>
      <Listing query={query} empty={<p className="text-muted">{t("Nobody is invited at present.")}</p>}>
        {(invitations) => (
          <Table
            label={t("Invitations")}
            rows={invitations}
            keyOf={(invitation) => invitation.uuid}
            columns={[
              { id: "email", label: "E-mail", show: (invitation) => <span className="break-all">{invitation.email}</span> },
              { id: "role", label: "Role", show: (invitation) => <Badge>{t(ROLES[invitation.role].label)}</Badge> },
              { id: "expires", label: "Expires", isMinor: true, isNumber: true, show: (invitation) => formatTime(invitation.expires_at) },
              {
                id: "actions",
                label: null,
                isNumber: true,
                show: (invitation) => (
                  <IconButton label={t("Take back the invitation of {name}", { name: invitation.email })} onClick={() => withdraw.mutate(invitation.uuid)}>
                    <Trash2 />
                  </IconButton>
                ),
              },
            ]}
          />
        )}
      </Listing>
    </Section>
  );
}

function InviteDialog({ onClose, onMade }: { onClose: () => void; onMade: (url: string) => void }) {
  const { uuid, role: own } = useWorkspace();
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("builder");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const params = { path: { workspace_uuid: uuid } };
      const { data } = await value(api.POST("/api/v1/workspaces/{workspace_uuid}/invitations", { params, body: { email, role } }));
      await client.invalidateQueries({ queryKey: ["invitations", uuid] });
      onMade(data.url);
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("Invite")} onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
        <Field label={t("E-mail")} type="email" required value={email} problem={problems["email"]} onChange={(event) => setEmail(event.target.value)} />
        <SelectField
          label={t("Role")}
          hint={t("You pass the link on yourself: Athena sends no mail.")}
          value={role}
          problem={problems["role"]}
          onChange={(event) => setRole(event.target.value as Role)}
        >
          {givable(own).map((each) => (
            <option key={each} value={each}>
              {t(ROLES[each].label)}
            </option>
          ))}
        </SelectField>
        {error !== null && Object.keys(problems).length === 0 && <Failure error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button kind="primary" type="submit" disabled={isBusy}>
            {t("Make link")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
