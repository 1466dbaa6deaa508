import { Outlet, useLocation } from "@tanstack/react-router";
import { Menu as MenuIcon, Search, SquarePen } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";

import { t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";

import { useActions } from "./actions";
import { Palette } from "./palette";
import { ShellContext } from "./shell-context";
import { Sidebar } from "./sidebar";

/** What is around every page of a workspace. */
export function Shell() {
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [titlePlace, setTitlePlace] = useState<HTMLElement | null>(null);
  const { newThread } = useActions();
  const { pathname } = useLocation();
  const openPalette = useCallback(() => setPaletteOpen(true), []);
  const state = useMemo(() => ({ openPalette, titlePlace }), [openPalette, titlePlace]);

  useEffect(() => setDrawerOpen(false), [pathname]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!(event.metaKey || event.ctrlKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key === "k" && !event.shiftKey) setPaletteOpen((isOpen) => !isOpen);
      else if (key === "o" && event.shiftKey) newThread();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [newThread]);

  return (
    <ShellContext.Provider value={state}>
      <a
        href="#page"
        className="sr-only focus:not-sr-only focus:fixed focus:z-50 focus:m-2 focus:rounded-lg focus:bg-raised focus:p-2"
      >
        {t("Skip to the page")}
      </a>
      <div className="flex h-dvh flex-col md:flex-row">
        <aside className="hidden w-64 shrink-0 border-e bg-panel md:block" aria-label={t("Navigation")}>
          <Sidebar />
        </aside>
        <header className="flex h-12 shrink-0 items-center justify-between border-b px-2 md:hidden">
          <IconButton label={t("Navigation")} className="size-10" onClick={() => setDrawerOpen(true)}>
            <MenuIcon />
          </IconButton>
          <span ref={setTitlePlace} dir="auto" className="min-w-0 flex-1 truncate px-2 text-center font-medium" aria-hidden />
          <span className="flex">
            <IconButton label={t("Search")} className="size-10" onClick={openPalette}>
              <Search />
            </IconButton>
            <IconButton label={t("New chat")} className="size-10" onClick={newThread}>
              <SquarePen />
            </IconButton>
          </span>
        </header>
        <main id="page" tabIndex={-1} className="flex min-h-0 min-w-0 flex-1 flex-col outline-none">
          <Outlet />
        </main>
      </div>
      {isDrawerOpen && (
        <Dialog title={t("Navigation")} place="start" onClose={() => setDrawerOpen(false)}>
          <Sidebar />
        </Dialog>
      )}
      {isPaletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
    </ShellContext.Provider>
  );
}
