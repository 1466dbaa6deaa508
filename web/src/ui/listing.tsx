/** What a list shows: its items, that there are none, that they are on their way, or why they are not there. */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";

import type { ListPage } from "@/api/lists";

import { Failure, Spinner } from "./state";

interface ListingProps<Item> {
  query: UseInfiniteQueryResult<InfiniteData<ListPage<Item>>>;
  /** What stands in the place of no items. */
  empty: ReactNode;
  children: (items: Item[]) => ReactNode;
}

export function Listing<Item>({ query, empty, children }: ListingProps<Item>) {
  if (query.isPending) return <Skeleton />;
  if (query.isError && query.data === undefined) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const items = query.data.pages.flatMap((page) => page.data);
  return (
    <>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {items.length === 0 ? empty : children(items)}
      {query.hasNextPage && <More isBusy={query.isFetchingNextPage} onReached={() => void query.fetchNextPage()} />}
    </>
  );
}

/** Rows that are yet to come, of the height that they will have. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div className="flex flex-col gap-2" aria-hidden>
      {Array.from({ length: rows }, (_, number) => (
        <div key={number} className="h-11 animate-pulse rounded-lg bg-panel" />
      ))}
    </div>
  );
}

function More({ isBusy, onReached }: { isBusy: boolean; onReached: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && !isBusy && onReached(), { rootMargin: "400px" });
    if (place.current) seen.observe(place.current);
    return () => seen.disconnect();
  }, [isBusy, onReached]);
  return (
    <div ref={place} className="flex justify-center p-3">
      <Spinner />
    </div>
  );
}
