import { useState } from "react";

export interface Draft<Value> {
  value: Value;
  /** What was saved when the changes began. */
  base: Value;
  /** The version of `base`: sent as `If-Match`, it has a save refused that would undo what others saved since. */
  etag: string;
  /** Changes some of it. */
  change: (changes: Partial<Value>) => void;
  isChanged: boolean;
  /** Throws what was changed away. */
  reset: () => void;
}

/** What a form holds until it is saved. Where nothing is changed, it follows what is saved. */
export function useDraft<Value extends object>(saved: Value, etag = ""): Draft<Value> {
  const [base, setBase] = useState({ saved, etag });
  const [value, setValue] = useState(saved);
  const isChanged = !isSame(value, base.saved);
  if (saved !== base.saved || etag !== base.etag) {
    // What others saved meanwhile does not become the base of changes that did not know of it.
    if (!isChanged || isSame(saved, value)) {
      setBase({ saved, etag });
      setValue(saved);
    } else if (isSame(saved, base.saved)) setBase({ saved, etag });
  }
  return {
    value,
    base: base.saved,
    etag: base.etag,
    change: (changes) => setValue((present) => ({ ...present, ...changes })),
    isChanged,
    reset: () => setValue(base.saved),
  };
}

function isSame(one: object, other: object): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
