/** The pages of a workspace, as the sidebar and the palette list them. */
import type { LinkProps } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";

export interface NavigationItem {
  label: string;
  icon: LucideIcon;
  /** Where it is in a workspace, by `linkOptions`. */
  link: (workspace: string) => LinkProps;
  /** What one must be allowed to see it. */
  permission: string;
}

export const NAVIGATION: readonly NavigationItem[] = [];
