import { useState } from "react";

export interface Draft<Value> {
  value: Value;
  /** Changes some of it. */
  change: (changes: Partial<Value>) => void;
  isChanged: boolean;
  /** Throws what was changed away. */
  reset: () => void;
}

/** What a form holds until it is saved. Where nothing is changed, it follows what is saved. */
export function useDraft<Value extends object>(saved: Value): Draft<Value> {
  const [base, setBase] = useState(saved);
  const [value, setValue] = useState(saved);
  const isChanged = JSON.stringify(value) !== JSON.stringify(base);
  if (saved !== base && (!isChanged || JSON.stringify(saved) === JSON.stringify(value))) {
    setBase(saved);
    setValue(saved);
  }
  return {
    value,
    change: (changes) => setValue((present) => ({ ...present, ...changes })),
    isChanged,
    reset: () => setValue(base),
  };
}
