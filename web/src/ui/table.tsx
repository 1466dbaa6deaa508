import type { ReactNode } from "react";

import { t } from "@/i18n";

import { cn } from "./classes";

export interface Column<Row> {
  id: string;
  /** The heading; `null` where the content speaks for itself, such as of buttons. */
  label: string | null;
  /** Stands in the place of the label, such as a box that marks all. */
  heading?: ReactNode;
  show: (row: Row) => ReactNode;
  /** Numbers and times stand at the end of their column. */
  isNumber?: boolean;
  /** Left out on a phone. */
  isMinor?: boolean;
  className?: string;
}

interface TableProps<Row> {
  /** What the rows are, for who cannot see them. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** What a click anywhere in the row does; the first column holds the link that does it from the keyboard. */
  onOpen?: (row: Row) => void;
}

export function Table<Row>({ label, columns, rows, keyOf, onOpen }: TableProps<Row>) {
  return (
    <div className="overflow-x-auto rounded-xl border">
      <table className="w-full border-collapse text-start" aria-label={label}>
        <thead>
          <tr className="border-b bg-panel text-xs text-muted">
            {columns.map((column) => (
              <th key={column.id} scope="col" className={cn("px-3 py-2 text-start font-medium whitespace-nowrap", place(column), column.className)}>
                {column.heading ?? (column.label === null ? <span className="sr-only">{t("Actions")}</span> : t(column.label))}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              onClick={onOpen && ((event) => !isOwnClick(event.target) && onOpen(row))}
              className={cn("border-b last:border-b-0", onOpen && "cursor-pointer hover:bg-hover")}
            >
              {columns.map((column) => (
                <td key={column.id} className={cn("px-3 py-2.5 align-middle", place(column), column.className)}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function place<Row>(column: Column<Row>): string {
  return cn(column.isNumber && "text-end tabular-nums whitespace-nowrap", column.isMinor && "max-md:hidden");
}

/** Whether a click was for something within the row, or marked text. */
function isOwnClick(target: EventTarget): boolean {
  return (target as Element).closest("a, button, input, select, label") !== null || getSelection()?.isCollapsed === false;
}
