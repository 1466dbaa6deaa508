import { createContext, useContext } from "react";

interface ShellState {
  openPalette: () => void;
  /** Where a page puts its title on a phone. */
  titlePlace: HTMLElement | null;
}

/** What the frame of the page can be asked for by what is in it. */
export const ShellContext = createContext<ShellState>({ openPalette: () => undefined, titlePlace: null });

export function useShell(): ShellState {
  return useContext(ShellContext);
}
