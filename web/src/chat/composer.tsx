import { ArrowUp, Paperclip, Square, X } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type ClipboardEvent, type KeyboardEvent, type ReactNode } from "react";

import { t } from "@/i18n";
import { formatBytes } from "@/format";
import { IconButton } from "@/ui/button";
import { messageOf, Spinner } from "@/ui/state";

import type { Sending } from "./sending";
import type { Upload, Uploads } from "./uploads";

const TALLEST = 280;
/** Whether the browser itself makes a field as tall as its text, which takes no measuring of the page at each key. */
const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");
const HAS_TOUCH = matchMedia("(pointer: coarse)").matches;

interface ComposerProps {
  /** Under which what was not sent yet is kept over a reload. */
  draftKey: string;
  uploads: Uploads;
  /** Whether it is being sent: a text that could not be sent comes back. */
  isSending: boolean;
  onSend: (said: NonNullable<Sending["said"]>) => Promise<unknown>;
  /** Stops the answer that is being written. */
  onStop: (() => void) | null;
  isDisabled: boolean;
  /** Whether it is what the page is for, and is where one begins to write. */
  isMain?: boolean;
  children: ReactNode;
}

export function Composer({ draftKey, uploads, isSending, onSend, onStop, isDisabled, isMain = true, children }: ComposerProps) {
  const key = `athena.draft.${draftKey}`;
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? "");
  const area = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const media = uploads.list.flatMap((each) => each.media ?? []);
  const canSend = !isDisabled && !isSending && !uploads.isBusy && (text.trim() !== "" || media.length > 0);

  useLayoutEffect(() => {
    const { current } = area;
    if (!current || GROWS_BY_ITSELF) return;
    current.style.height = "auto";
    current.style.height = `${Math.min(current.scrollHeight, TALLEST)}px`;
  }, [text]);
  useEffect(() => {
    if (isMain && !HAS_TOUCH) area.current?.focus();
  }, [isMain]);
  useEffect(() => {
    if (text) sessionStorage.setItem(key, text);
    else sessionStorage.removeItem(key);
  }, [key, text]);

  const send = (): void => {
    if (!canSend) return;
    setText("");
    const sent = onSend({ text, media: media.map(({ uuid, name }) => ({ uuid, name })) });
    sent.then(uploads.clear, () => {
      // The session may have ended, and this be gone by now: the text is there again when one comes back.
      if (!sessionStorage.getItem(key)) sessionStorage.setItem(key, text);
      setText((typed) => typed || text);
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || HAS_TOUCH) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: ClipboardEvent): void => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    uploads.add(event.clipboardData.files);
  };
  return (
    <div className="rounded-2xl border border-strong-line bg-raised shadow-sm focus-within:border-accent">
      {uploads.list.length > 0 && (
        <ul className="flex flex-wrap gap-2 p-2 pb-0" aria-label={t("Attachments")}>
          {uploads.list.map((each) => (
            <UploadChip key={each.id} upload={each} onRemove={() => uploads.remove(each.id)} />
          ))}
        </ul>
      )}
      <textarea
        id="composer"
        ref={area}
        rows={1}
        dir="auto"
        aria-label={t("Message")}
        placeholder={t("Write a message")}
        value={text}
        disabled={isDisabled}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        className="block field-sizing-content max-h-[280px] w-full resize-none bg-transparent px-4 pt-3 pb-1 text-[15px] outline-none placeholder:text-muted"
      />
      <div className="flex items-center gap-1 p-2">
        <input
          ref={files}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            uploads.add(event.target.files ?? []);
            event.target.value = "";
          }}
        />
        <IconButton label={t("Attach files")} disabled={isDisabled} onClick={() => files.current?.click()}>
          <Paperclip />
        </IconButton>
        {children}
        <span className="flex-1" />
        {onStop && (
          <IconButton label={t("Stop the answer")} kind="plain" onClick={onStop} className="rounded-full">
            <Square className="fill-current" />
          </IconButton>
        )}
        {(!onStop || text.trim() !== "") && (
          <IconButton label={t("Send")} kind="primary" disabled={!canSend} onClick={send} className="rounded-full">
            <ArrowUp />
          </IconButton>
        )}
      </div>
    </div>
  );
}

function UploadChip({ upload, onRemove }: { upload: Upload; onRemove: () => void }) {
  return (
    <li className="flex max-w-full items-center gap-2 rounded-lg border bg-panel py-1 ps-2 pe-1">
      {upload.preview && <img src={upload.preview} alt="" className="size-8 rounded object-cover" />}
      <span className="min-w-0">
        <span className="block max-w-48 truncate">{upload.name}</span>
        {upload.error ? (
          <span role="alert" className="block text-xs text-danger">
            {messageOf(upload.error)}
          </span>
        ) : (
          <span className="block text-xs text-muted">{formatBytes(upload.size)}</span>
        )}
      </span>
      {!upload.media && !upload.error && <Spinner />}
      <IconButton label={t("Remove {name}", { name: upload.name })} onClick={onRemove} className="size-7">
        <X />
      </IconButton>
    </li>
  );
}
