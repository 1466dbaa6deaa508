import { t } from "@/i18n";
import { MenuItem } from "@/ui/menu";

import type { NamedType } from "./types";

interface TypeItemsProps<Type extends string> {
  types: readonly NamedType<Type>[];
  onChoose: (type: Type) => void;
}

/** Types to choose from in a menu, each with what it is. */
export function TypeItems<Type extends string>({ types, onChoose }: TypeItemsProps<Type>) {
  return types.map(({ type, label, about }) => (
    <MenuItem key={type} onSelect={() => onChoose(type)}>
      <span className="min-w-0">
        <span className="block font-medium">{t(label)}</span>
        <span className="block text-xs text-muted">{t(about.label)}</span>
      </span>
    </MenuItem>
  ));
}
