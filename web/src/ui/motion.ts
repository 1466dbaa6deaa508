const REDUCED = matchMedia("(prefers-reduced-motion: reduce)");

/** How long a movement takes, in milliseconds: none where the user wants no motion. */
export function moving(milliseconds: number): number {
  return REDUCED.matches ? 0 : milliseconds;
}
