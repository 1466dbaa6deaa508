import { Search } from "lucide-react";
import { useEffect, useState } from "react";

import { t } from "@/i18n";

import { cn } from "./classes";

const PAUSE_MILLISECONDS = 250;

interface SearchFieldProps {
  label?: string;
  value: string;
  /** Told once the user pauses. */
  onSearch: (text: string) => void;
  className?: string;
}

export function SearchField({ label, value, onSearch, className }: SearchFieldProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onSearch(text), PAUSE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text, value, onSearch]);
  return (
    <label className={cn("flex h-9 w-full items-center md:w-64 gap-2 rounded-lg border border-strong-line bg-canvas px-2.5 focus-within:outline-2 focus-within:outline-accent", className)}>
      <Search className="size-4 shrink-0 text-muted" aria-hidden />
      <span className="sr-only">{label ?? t("Search")}</span>
      <input
        type="search"
        value={text}
        placeholder={label ?? t("Search")}
        onChange={(event) => setText(event.target.value)}
        className="w-full min-w-0 bg-transparent outline-none placeholder:text-muted"
      />
    </label>
  );
}
