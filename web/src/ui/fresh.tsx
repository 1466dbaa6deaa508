import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";

import type { Tagged } from "@/api/items";

import { Failure, Spinner } from "./state";

interface FreshProps<Item> {
  /** Of the one that is edited. */
  uuid: string;
  read: (signal: AbortSignal) => Promise<Tagged<Item>>;
  /** The form, which begins anew when it is told to load what somebody else saved meanwhile. */
  children: (found: Tagged<Item>, reload: () => void) => ReactNode;
}

/** Reads something as it is now before it is edited, with the version that a save must not have passed by. */
export function Fresh<Item>({ uuid, read, children }: FreshProps<Item>) {
  const query = useQuery({
    queryKey: ["edited", uuid],
    queryFn: ({ signal }) => read(signal),
    gcTime: 0,
    staleTime: Infinity,
  });
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isFetching || !query.data) return <Spinner />;
  return <Fragment key={query.data.etag}>{children(query.data, () => void query.refetch())}</Fragment>;
}
