import { Area, Bar, CartesianGrid, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";

import { t } from "@/i18n";

import type { ChartProps, ChartSeries } from "./chart";

const TICK = { fill: "var(--color-muted)", fontSize: 12 };

/** Of a line, so that a value between gaps is seen. */
const MOST_DOTS = 62;

export default function ChartDrawing({ label, points, series, kind = "area", isStacked, formatAt, formatValue, height }: ChartProps) {
  // Between whole numbers of things there are no others.
  const isCounted = points.every((point) => series.every(({ id }) => Number.isInteger(point[id] ?? 0)));
  return (
    <figure className="m-0">
      <div aria-hidden>
        <ResponsiveContainer width="100%" height={height ?? 220}>
          <ComposedChart data={[...points]} margin={{ top: 8, right: 4, bottom: 0, left: 0 }} accessibilityLayer={false}>
            <CartesianGrid stroke="var(--color-line)" vertical={false} />
            <XAxis dataKey="at" tickFormatter={formatAt} tick={TICK} tickLine={false} axisLine={false} minTickGap={32} />
            <YAxis allowDecimals={!isCounted} tickFormatter={formatValue} tick={TICK} tickLine={false} axisLine={false} width="auto" />
            <Tooltip
              isAnimationActive={false}
              labelFormatter={(at) => formatAt(String(at))}
              formatter={(value, name) => [formatValue(Number(value)), t(String(name))]}
              contentStyle={{ background: "var(--color-raised)", border: "1px solid var(--color-line)", borderRadius: 8 }}
            />
            {series.map((each) => drawn(each, kind, isStacked, points.length <= MOST_DOTS))}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
      <figcaption className="sr-only">
        <table>
          <caption>{label}</caption>
          <thead>
            <tr>
              <th>{t("Time")}</th>
              {series.map((each) => (
                <th key={each.id}>{t(each.label)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.map((point) => (
              <tr key={point.at}>
                <th>{formatAt(point.at)}</th>
                {series.map((each) => (
                  <td key={each.id}>{typeof point[each.id] === "number" ? formatValue(point[each.id] as number) : "–"}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </figcaption>
    </figure>
  );
}

function drawn({ id, label, color }: ChartSeries, kind: NonNullable<ChartProps["kind"]>, isStacked: boolean | undefined, hasDots: boolean) {
  const paint = `var(--color-${color})`;
  const shared = { key: id, dataKey: id, name: label, isAnimationActive: false } as const;
  const stack = isStacked ? { stackId: "all" } : {};
  if (kind === "bar") return <Bar {...shared} {...stack} fill={paint} maxBarSize={28} />;
  if (kind === "line") return <Line {...shared} stroke={paint} strokeWidth={2} dot={hasDots && { r: 2.5, fill: paint, strokeWidth: 0 }} connectNulls />;
  return <Area {...shared} {...stack} stroke={paint} strokeWidth={2} fill={paint} fillOpacity={0.12} type="monotone" />;
}
