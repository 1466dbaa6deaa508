/** Lists of the API, page by page. */
import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";

/** What any list answers, asked for by cursor. */
export interface ListPage<Item> {
  data: Item[];
  meta: object;
}

/**
 * A list that is read on as the user scrolls. The key begins with the resource's name and its workspace, so that
 * `invalidateQueries({ queryKey: ["agents", workspace] })` has every list of them asked for anew.
 */
export function listOptions<Item>(
  key: readonly unknown[],
  read: (cursor: string, signal: AbortSignal) => Promise<ListPage<Item>>,
) {
  return infiniteQueryOptions({
    queryKey: [...key, "list"],
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page: ListPage<Item>) => nextCursor(page.meta),
    placeholderData: keepPreviousData,
  });
}

export function nextCursor(meta: object): string | undefined {
  return (meta as { next_cursor?: string | null }).next_cursor ?? undefined;
}

type Given<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

/** The parameters that have a value. */
export function given<Values extends object>(values: Values): Given<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, each]) => each !== undefined && each !== "")) as Given<Values>;
}
