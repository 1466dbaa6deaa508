/** Filters that the user gave a name, kept in this browser for each workspace. */
import { validateFilters, type ExecutionFilters } from "./search";

export interface SavedView {
  name: string;
  filters: ExecutionFilters;
}

const MOST = 50;

function keyOf(workspace: string): string {
  return `athena.executions.views.${workspace}`;
}

export function savedViews(workspace: string): SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(workspace)) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return (kept as Partial<SavedView>[]).flatMap((each) =>
      typeof each.name === "string" ? { name: each.name, filters: validateFilters({ ...each.filters }) } : [],
    );
  } catch {
    // What another program left there is no view.
    return [];
  }
}

/** Keeps a view in place of the one of the same name. */
export function saveView(workspace: string, view: SavedView): SavedView[] {
  return keep(workspace, [...savedViews(workspace).filter((each) => each.name !== view.name), view].slice(-MOST));
}

export function removeView(workspace: string, name: string): SavedView[] {
  return keep(workspace, savedViews(workspace).filter((each) => each.name !== name));
}

function keep(workspace: string, views: SavedView[]): SavedView[] {
  localStorage.setItem(keyOf(workspace), JSON.stringify(views));
  return views;
}
