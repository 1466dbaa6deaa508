/** Everything by its name: commands, workspaces and threads, from the keyboard. */
import { useInfiniteQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Boxes, LogOut, MessageSquare, Moon, Search, SquarePen, Sun, UserRound } from "lucide-react";
import { useDeferredValue, useId, useState, type KeyboardEvent, type ReactNode } from "react";

import { threadsQuery, userQuery } from "@/api/queries";
import { nameOf } from "@/chat/sending";
import { t } from "@/i18n";
import { cn } from "@/ui/classes";
import { Dialog } from "@/ui/dialog";

import { useActions } from "./actions";
import { NAVIGATION } from "./navigation";
import { useSavePreferences } from "./save-preferences";
import { useWorkspace } from "./workspace";

const MOST_THREADS = 8;

interface Command {
  id: string;
  group: string;
  label: string;
  icon: ReactNode;
  run: () => void;
}

export function Palette({ onClose }: { onClose: () => void }) {
  const id = useId();
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const commands = useCommands(text.trim());
  const at = Math.min(active, commands.length - 1);

  const run = (command: Command | undefined): void => {
    if (!command) return;
    onClose();
    command.run();
  };
  const move = (to: number): void => {
    setActive(to);
    document.getElementById(`${id}-${to}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const count = Math.max(commands.length, 1);
    if (event.key === "ArrowDown") move((at + 1) % count);
    else if (event.key === "ArrowUp") move((at - 1 + count) % count);
    else if (event.key === "Enter" && !event.nativeEvent.isComposing) run(commands[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t("Search and commands")} place="top" onClose={onClose}>
      <label className="flex items-center gap-2 border-b px-4">
        <Search className="size-4 shrink-0 text-muted" aria-hidden />
        <span className="sr-only">{t("Search and commands")}</span>
        <input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={commands[at] ? `${id}-${at}` : undefined}
          placeholder={t("Search chats, or type a command")}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
          className="h-12 w-full bg-transparent text-base outline-none placeholder:text-muted"
        />
      </label>
      {commands.length === 0 && <p className="p-4 text-muted">{t("Nothing is called so.")}</p>}
      <ul id={id} role="listbox" aria-label={t("Search and commands")} className="max-h-[50vh] overflow-y-auto p-1.5">
        {commands.map((command, number) => (
          <li key={command.id} role="presentation">
            {command.group !== commands[number - 1]?.group && (
              <p className="px-2 pt-2 pb-1 text-xs text-muted" aria-hidden>
                {command.group}
              </p>
            )}
            <div
              id={`${id}-${number}`}
              role="option"
              aria-selected={number === at}
              onClick={() => run(command)}
              onPointerMove={() => setActive(number)}
              className={cn("flex h-9 items-center gap-2.5 rounded-lg px-2 [&_svg]:size-4 [&_svg]:shrink-0", number === at && "bg-hover")}
            >
              {command.icon}
              <span className="truncate">{command.label}</span>
            </div>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function useCommands(text: string): Command[] {
  const { newThread, openWorkspace, signOut } = useActions();
  const save = useSavePreferences();
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const { data: user } = useSuspenseQuery(userQuery);
  const { data } = useInfiniteQuery(threadsQuery(workspace.uuid, useDeferredValue(text)));
  const words = text.toLowerCase();
  const commands: Command[] = [
    ...(workspace.may("threads.create")
      ? [{ id: "new", group: t("Commands"), label: t("New chat"), icon: <SquarePen aria-hidden />, run: newThread }]
      : []),
    ...NAVIGATION.filter((item) => workspace.may(item.permission)).map((item) => ({
      id: item.label,
      group: t("Pages"),
      label: t(item.label),
      icon: <item.icon aria-hidden />,
      run: () => void navigate(item.link(workspace.uuid)),
    })),
    {
      id: "profile",
      group: t("Pages"),
      label: t("Profile"),
      icon: <UserRound aria-hidden />,
      run: () => void navigate({ to: "/w/$workspace/profile", params: { workspace: workspace.uuid } }),
    },
    { id: "light", group: t("Commands"), label: t("Light colours"), icon: <Sun aria-hidden />, run: () => save({ theme: "light" }) },
    { id: "dark", group: t("Commands"), label: t("Dark colours"), icon: <Moon aria-hidden />, run: () => save({ theme: "dark" }) },
    { id: "out", group: t("Commands"), label: t("Sign out"), icon: <LogOut aria-hidden />, run: () => void signOut() },
    ...user.workspaces
      .filter((each) => each.uuid !== workspace.uuid)
      .map((each) => ({
        id: each.uuid,
        group: t("Workspaces"),
        label: each.name,
        icon: <Boxes aria-hidden />,
        run: () => openWorkspace(each.uuid),
      })),
  ].filter((command) => command.label.toLowerCase().includes(words));
  const threads = (data?.pages[0]?.data ?? []).slice(0, MOST_THREADS).map((thread) => ({
    id: thread.uuid,
    group: t("Chats"),
    label: nameOf(thread.name),
    icon: <MessageSquare aria-hidden />,
    run: () =>
      void navigate({ to: "/w/$workspace/chat/$thread", params: { workspace: workspace.uuid, thread: thread.uuid } }),
  }));
  return [...commands, ...threads];
}
