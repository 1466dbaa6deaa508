/** Views of one thing beside each other, each with an address of its own. */
import { Link, useLocation, type LinkProps } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import { t } from "@/i18n";

export interface Tab {
  label: string;
  link: LinkProps;
}

export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  const place = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // In small windows the one that is shown may be beyond the edge.
  useEffect(() => {
    place.current?.querySelector("[data-status=active]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [pathname]);
  return (
    <nav ref={place} aria-label={label} className="-mx-1 flex gap-1 overflow-x-auto border-b px-1">
      {tabs.map((tab) => (
        <Link
          key={tab.label}
          {...tab.link}
          activeOptions={{ exact: true, includeSearch: false }}
          className="-mb-px border-b-2 border-transparent px-2.5 py-2 whitespace-nowrap text-muted hover:text-ink data-[status=active]:border-accent data-[status=active]:font-medium data-[status=active]:text-ink"
        >
          {t(tab.label)}
        </Link>
      ))}
    </nav>
  );
}
