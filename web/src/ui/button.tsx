import type { ComponentProps } from "react";

import { cn } from "./classes";

const KINDS = {
  primary: "bg-accent text-white hover:bg-accent-strong",
  plain: "border bg-raised hover:bg-hover",
  ghost: "text-muted hover:bg-hover hover:text-ink",
  danger: "border border-danger/40 text-danger hover:bg-danger-soft",
} as const;

export interface ButtonProps extends ComponentProps<"button"> {
  kind?: keyof typeof KINDS;
}

/** The look of a button, also for links that do what a button would. */
export function buttonLook(kind: keyof typeof KINDS = "plain", className?: string): string {
  return cn(
    "inline-flex h-9 shrink-0 items-center justify-center gap-2 rounded-lg px-3 font-medium transition-colors",
    "disabled:pointer-events-none disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
    KINDS[kind],
    className,
  );
}

export function Button({ kind = "plain", className, type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={buttonLook(kind, className)} {...rest} />;
}

export interface IconButtonProps extends Omit<ButtonProps, "aria-label" | "title"> {
  /** What it does: for who cannot see the picture, and for who points at it. */
  label: string;
}

export function IconButton({ label, kind = "ghost", className, ...rest }: IconButtonProps) {
  return <Button kind={kind} aria-label={label} title={label} className={cn("size-8 px-0", className)} {...rest} />;
}
