/** By what the user is signed in, each with a button that ends it. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { LogOut, Monitor } from "lucide-react";
import { useState } from "react";

import { api, value, type Schemas } from "@/api/client";
import { listOptions } from "@/api/lists";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useActions } from "@/shell/actions";
import { Badge } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty } from "@/ui/state";
import { Table } from "@/ui/table";

type UserSession = Schemas["UserSession"];

const sessionsQuery = listOptions<UserSession>(["user", "sessions"], (cursor, signal) =>
  value(api.GET("/api/v1/user/sessions", { params: { query: { cursor, per_page: 50 } }, signal })),
);

export function SignIns() {
  const client = useQueryClient();
  const { signOut } = useActions();
  const query = useInfiniteQuery(sessionsQuery);
  const [ended, setEnded] = useState<UserSession | null>(null);
  return (
    <Section title={t("Where you are signed in")} about={t("Browsers with this page, and programs that signed in with your password.")}>
      <Listing
        query={query}
        empty={
          <Empty icon={<Monitor aria-hidden />} title={t("You are signed in nowhere else.")}>
            {null}
          </Empty>
        }
      >
        {(sessions) => (
          <Table
            label={t("Where you are signed in")}
            rows={sessions}
            keyOf={(each) => each.uuid}
            columns={[
              {
                id: "name",
                label: "Name",
                show: (each) => (
                  <span className="flex flex-wrap items-center gap-2">
                    <span className="font-medium break-words">{each.name}</span>
                    {each.current ? <Badge tone="accent">{t("Here")}</Badge> : each.kind === "token" && <Badge>{t("Program")}</Badge>}
                  </span>
                ),
              },
              { id: "since", label: "Since", isNumber: true, show: (each) => <span className="max-md:whitespace-normal">{formatTime(each.created_at)}</span> },
              { id: "expires", label: "Expires", isNumber: true, isMinor: true, show: (each) => formatTime(each.expires_at) },
              {
                id: "actions",
                label: null,
                isNumber: true,
                show: (each) => (
                  <IconButton label={t("End {name}", { name: each.name })} onClick={() => (each.current ? void signOut() : setEnded(each))}>
                    <LogOut />
                  </IconButton>
                ),
              },
            ]}
          />
        )}
      </Listing>
      {ended && (
        <Confirm
          title={t("End this sign-in?")}
          action={t("End it")}
          onClose={() => setEnded(null)}
          onConfirm={async () => {
            await api.DELETE("/api/v1/user/sessions/{session_uuid}", { params: { path: { session_uuid: ended.uuid } } });
            await client.invalidateQueries({ queryKey: ["user"] });
          }}
        >
          {t("“{name}” has to sign in again, at once. What is not saved there is lost.", { name: ended.name })}
        </Confirm>
      )}
    </Section>
  );
}
