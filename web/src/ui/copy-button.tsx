import { Check, Copy } from "lucide-react";
import { useState } from "react";

import { IconButton } from "./button";
import { copyText } from "./clipboard";

/** Puts a text where it can be pasted from. */
export function CopyButton({ label, text }: { label: string; text: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <IconButton label={label} onClick={() => void copyText(text).then(() => setCopied(true))}>
      {isCopied ? <Check /> : <Copy />}
    </IconButton>
  );
}
