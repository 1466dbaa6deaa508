import { Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";

import { t } from "@/i18n";

import { IconButton } from "./button";
import { Confirm } from "./confirm";

interface RemoveButtonProps {
  /** Of what is deleted. */
  name: string;
  title: string;
  /** What follows from it. */
  children: ReactNode;
  onRemove: () => Promise<unknown>;
}

/** Deletes something, after asking. */
export function RemoveButton({ name, title, children, onRemove }: RemoveButtonProps) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <IconButton label={t("Delete {name}", { name })} onClick={() => setAsking(true)}>
        <Trash2 />
      </IconButton>
      {isAsking && (
        <Confirm title={title} action={t("Delete")} onConfirm={onRemove} onClose={() => setAsking(false)}>
          {children}
        </Confirm>
      )}
    </>
  );
}
