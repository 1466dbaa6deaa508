import { ArrowDown } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

import type { Message } from "@/api/client";
import { t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Spinner } from "@/ui/state";

import { MessageView, type MessageActions } from "./message";
import type { Step } from "./tree";

/** As close to the end counts as there. */
const NEAR = 80;

interface MessageListProps {
  steps: readonly Step<Message>[];
  /** What is being sent at this moment. */
  said: string | null;
  canSpeak: boolean;
  actions: MessageActions;
  /** Loads what was said before; null when there is no more. */
  onTop: (() => void) | null;
}

/** A branch of a thread. It stays at its end while that grows, unless the user has scrolled away from it. */
export function MessageList({ steps, said, canSpeak, actions, onTop }: MessageListProps) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  /** How much lies below the top of the window: that stays when more comes above. */
  const below = useRef(0);
  const above = useRef(0);
  const [isAway, setAway] = useState(false);
  const oldest = steps[0]?.message.uuid;

  useEffect(() => {
    const observer = new ResizeObserver(() => {
      const { current } = box;
      if (!current) return;
      if (isAtEnd.current) current.scrollTop = current.scrollHeight;
      below.current = current.scrollHeight - current.scrollTop;
    });
    if (content.current) observer.observe(content.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!top.current || !onTop) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting) && !isAtEnd.current) onTop();
    });
    observer.observe(top.current);
    return () => observer.disconnect();
  }, [onTop]);

  // At its very top the browser does not keep the place by itself.
  useLayoutEffect(() => {
    if (box.current && !isAtEnd.current) box.current.scrollTop = box.current.scrollHeight - below.current;
  }, [oldest]);

  const onScroll = (): void => {
    const { current } = box;
    if (!current) return;
    below.current = current.scrollHeight - current.scrollTop;
    // Messages become as tall as they are when they come into sight: only who scrolls back wants to leave the end.
    if (below.current - current.clientHeight < NEAR) isAtEnd.current = true;
    else if (current.scrollTop < above.current) isAtEnd.current = false;
    above.current = current.scrollTop;
    setAway(!isAtEnd.current);
  };
  const toEnd = (): void => {
    isAtEnd.current = true;
    box.current?.scrollTo({ top: box.current.scrollHeight, behavior: "smooth" });
  };
  useEffect(() => {
    if (said !== null) toEnd();
  }, [said]);

  return (
    <div className="relative min-h-0 flex-1">
      <div ref={box} onScroll={onScroll} className="h-full overflow-y-auto" tabIndex={0} role="region" aria-label={t("Conversation")}>
        <div ref={content} className="mx-auto w-full max-w-3xl space-y-4 px-4 py-6" role="log" aria-live="off">
          <div ref={top}>{onTop && <Spinner />}</div>
          {steps.map(({ message, siblings }) => (
            <MessageView
              key={message.uuid}
              message={message}
              siblings={siblings.join(" ")}
              canSpeak={canSpeak}
              actions={actions}
            />
          ))}
          {said !== null && (
            <>
              <p dir="auto" className="ms-auto w-fit max-w-[85%] rounded-2xl bg-hover px-4 py-2.5 text-[15px] break-words whitespace-pre-wrap opacity-70">
                {said}
              </p>
              <Spinner label={t("Sending")} />
            </>
          )}
        </div>
      </div>
      {isAway && (
        <IconButton
          label={t("To the newest message")}
          kind="plain"
          onClick={toEnd}
          className="absolute inset-x-0 bottom-3 mx-auto rounded-full shadow-pop"
        >
          <ArrowDown />
        </IconButton>
      )}
    </div>
  );
}
