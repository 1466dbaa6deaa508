import { Check, ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { t } from "@/i18n";

import { cn } from "./classes";

export interface Option {
  value: string;
  label: string;
  detail?: string | undefined;
}

interface PickerProps {
  /** What is picked, for who cannot see it. */
  label: string;
  icon: ReactNode;
  /** What the button shows. */
  shown: string;
  value: string | null;
  options: readonly Option[];
  onPick: (value: string) => void;
  /** Told what is typed; without it the options are narrowed here. */
  onSearch?: (text: string) => void;
  empty: string;
  isDisabled?: boolean;
  /** Looks as the other fields of a form do. */
  isField?: boolean;
  id?: string;
}

/** A button that opens a list to search and to choose from. */
export function Picker(props: PickerProps) {
  const [isOpen, setOpen] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger
        ref={trigger}
        id={props.id}
        // The label of a field would hide what is chosen.
        aria-label={props.isField ? `${props.label}: ${props.shown}` : undefined}
        disabled={props.isDisabled}
        className={cn(
          "flex min-w-0 items-center gap-1.5 rounded-lg hover:bg-hover disabled:pointer-events-none [&_svg]:size-4 [&_svg]:shrink-0",
          props.isField
            ? "h-10 w-full border border-strong-line bg-canvas px-3 [&>svg:last-child]:ms-auto"
            : "h-8 max-w-44 px-2 text-muted hover:text-ink",
        )}
      >
        {props.icon}
        <span className="sr-only">{props.label}: </span>
        <span className="truncate">{props.shown}</span>
        {!props.isDisabled && <ChevronDown />}
      </Popover.Trigger>
      {/* What is not within a modal dialog can not be reached from it. */}
      <Popover.Portal container={trigger.current?.closest("dialog") ?? document.body}>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={8}
          aria-label={props.label}
          className="z-50 w-72 animate-appear rounded-lg border bg-raised p-1 shadow-pop"
        >
          <Choices {...props} onDone={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Choices({ label, value, options, onPick, onSearch, empty, onDone }: PickerProps & { onDone: () => void }) {
  const id = useId();
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const wanted = text.trim().toLowerCase();
  const found = onSearch ? options : options.filter((option) => option.label.toLowerCase().includes(wanted));
  const at = Math.min(active, found.length - 1);

  const pick = (option: Option | undefined): void => {
    if (!option) return;
    onPick(option.value);
    onDone();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setActive((at + step + found.length) % Math.max(found.length, 1));
    else if (event.key === "Enter") pick(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        autoFocus
        role="combobox"
        aria-label={`${label}: ${t("Search")}`}
        aria-expanded
        aria-controls={id}
        aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
        placeholder={t("Search")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
          onSearch?.(event.target.value);
        }}
        onKeyDown={onKeyDown}
        className="mb-1 w-full rounded-md bg-transparent px-2 py-1.5 outline-none placeholder:text-muted"
      />
      {found.length === 0 && <p className="px-2 py-3 text-muted">{empty}</p>}
      <ul id={id} role="listbox" aria-label={label} className="max-h-64 overflow-y-auto">
        {found.map((option, number) => (
          <li
            key={option.value}
            id={`${id}-${number}`}
            role="option"
            aria-selected={option.value === value}
            onClick={() => pick(option)}
            onPointerMove={() => setActive(number)}
            className={cn("flex items-center gap-2 rounded-md px-2 py-1.5", number === at && "bg-hover")}
          >
            <span className="min-w-0 flex-1">
              <span className="block truncate">{option.label}</span>
              {option.detail && <span className="block truncate text-xs text-muted">{option.detail}</span>}
            </span>
            {option.value === value && <Check className="size-4 shrink-0" />}
          </li>
        ))}
      </ul>
    </>
  );
}
