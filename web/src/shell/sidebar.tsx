import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { BookOpen, Check, ChevronsUpDown, DoorOpen, Languages, LogOut, Monitor, Moon, Plus, Rocket, Search, SquarePen, Sun, UserRound } from "lucide-react";
import { useState, type ReactNode } from "react";

import { userQuery } from "@/api/queries";
import { ThreadList } from "@/chat/thread-list";
import { currentLanguage, t } from "@/i18n";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";

import { useActions } from "./actions";
import { LeaveWorkspace } from "./leave-workspace";
import { NAVIGATION } from "./navigation";
import { NewWorkspace } from "./new-workspace";
import { useSavePreferences } from "./save-preferences";
import { useShell } from "./shell-context";
import { useTheme, type Theme } from "./theme";
import { useWorkspace } from "./workspace";

const IS_APPLE = /Mac|iP(hone|ad)/.test(navigator.userAgent);
const ROW = "flex h-8 w-full items-center gap-2 rounded-lg px-2 text-start hover:bg-hover [&_svg]:size-4 [&_svg]:shrink-0";

export function Sidebar() {
  const { openPalette } = useShell();
  const { newThread } = useActions();
  const { may } = useWorkspace();
  return (
    <div className="flex h-full flex-col gap-1 p-2">
      <WorkspaceMenu />
      <button type="button" className={`${ROW} text-muted`} onClick={openPalette}>
        <Search aria-hidden />
        <span className="flex-1 truncate">{t("Search and commands")}</span>
        <kbd className="shrink-0 rounded border px-1 font-sans text-xs">{IS_APPLE ? "⌘K" : "Ctrl K"}</kbd>
      </button>
      {may("threads.create") && (
        <button type="button" className={ROW} onClick={newThread}>
          <SquarePen aria-hidden />
          {t("New chat")}
        </button>
      )}
      <Pages />
      <ThreadList />
      <UserMenu />
    </div>
  );
}

function Pages() {
  const { uuid, may } = useWorkspace();
  return (
    <nav aria-label={t("Pages")} className="flex flex-col border-b pb-2">
      {NAVIGATION.filter((item) => may(item.permission)).map((item) => (
        <Link
          key={item.label}
          {...item.link(uuid)}
          className={`${ROW} data-[status=active]:bg-hover data-[status=active]:font-medium`}
        >
          <item.icon aria-hidden />
          {t(item.label)}
          {item.Aside && <item.Aside />}
        </Link>
      ))}
    </nav>
  );
}

function WorkspaceMenu() {
  const { data: user } = useSuspenseQuery(userQuery);
  const { uuid, name, role, may } = useWorkspace();
  const { openWorkspace } = useActions();
  const [asked, setAsked] = useState<"new" | "leave" | null>(null);
  const close = (): void => setAsked(null);
  const trigger = (
    <button type="button" className="flex items-center gap-2 rounded-lg p-2 text-start hover:bg-hover">
      <span className="sr-only">{t("Workspace")}: </span>
      <span aria-hidden className="flex size-7 items-center justify-center rounded-md bg-accent font-semibold text-white">
        {name.slice(0, 1).toUpperCase()}
      </span>
      <span className="min-w-0 flex-1 truncate font-semibold">{name}</span>
      <ChevronsUpDown className="size-4 shrink-0 text-muted" aria-hidden />
    </button>
  );
  return (
    <>
      <Menu trigger={trigger} className="w-60">
        <MenuLabel>
          {t("Your role here")}: {role}
        </MenuLabel>
        {user.workspaces.map((each) => (
          <MenuItem key={each.uuid} onSelect={() => openWorkspace(each.uuid)}>
            <span className="min-w-0 flex-1 truncate">{each.name}</span>
            {each.uuid === uuid && <Check aria-hidden />}
          </MenuItem>
        ))}
        <MenuLine />
        {may("workspaces.create") && (
          <MenuItem onSelect={() => setAsked("new")}>
            <Plus aria-hidden />
            {t("New workspace")}
          </MenuItem>
        )}
        <MenuItem onSelect={() => setAsked("leave")}>
          <DoorOpen aria-hidden />
          {t("Leave this workspace")}
        </MenuItem>
      </Menu>
      {asked === "new" && <NewWorkspace onClose={close} />}
      {asked === "leave" && <LeaveWorkspace onClose={close} />}
    </>
  );
}

const THEMES: readonly { theme: Theme; label: string; icon: ReactNode }[] = [
  { theme: "system", label: "As the system", icon: <Monitor aria-hidden /> },
  { theme: "light", label: "Light", icon: <Sun aria-hidden /> },
  { theme: "dark", label: "Dark", icon: <Moon aria-hidden /> },
];

function UserMenu() {
  const { data: user } = useSuspenseQuery(userQuery);
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  const theme = useTheme();
  const save = useSavePreferences();
  const { signOut } = useActions();
  const trigger = (
    <button type="button" className={`${ROW} h-10`}>
      <span className="sr-only">{t("You")}: </span>
      <span aria-hidden className="flex size-6 items-center justify-center rounded-full bg-hover text-xs font-semibold">
        {user.profile.photo.initials}
      </span>
      <span className="min-w-0 flex-1 truncate">{user.name}</span>
    </button>
  );
  return (
    <Menu trigger={trigger} side="top" className="w-60">
      <MenuLabel>{user.email}</MenuLabel>
      <MenuItem onSelect={() => void navigate({ to: "/w/$workspace/profile", params: { workspace: uuid } })}>
        <UserRound aria-hidden />
        {t("Profile")}
      </MenuItem>
      <MenuLine />
      {THEMES.map((each) => (
        <MenuChoice key={each.theme} isChosen={theme === each.theme} onChoose={() => save({ theme: each.theme })}>
          <span className="flex items-center gap-2">
            {each.icon} {t(each.label)}
          </span>
        </MenuChoice>
      ))}
      <MenuLine />
      <MenuItem onSelect={() => save({ language: currentLanguage() === "en" ? "de" : "en" })}>
        <Languages aria-hidden />
        {currentLanguage() === "en" ? "Deutsch" : "English"}
      </MenuItem>
      <MenuItem onSelect={() => void navigate({ to: "/w/$workspace/start", params: { workspace: uuid } })}>
        <Rocket aria-hidden />
        {t("Guided start")}
      </MenuItem>
      <MenuItem onSelect={() => window.open("/docs", "_blank", "noopener")}>
        <BookOpen aria-hidden />
        {t("API reference")}
      </MenuItem>
      <MenuItem onSelect={() => void signOut()}>
        <LogOut aria-hidden />
        {t("Sign out")}
      </MenuItem>
    </Menu>
  );
}
