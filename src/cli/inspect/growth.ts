/** The growth part of the page: rows, bytes and files of the table over the time of its snapshots. */
import type { InspectedSnapshot } from '../../table/inspect/inspection.ts'
import { at, countText, html, type Markup, sizeText, timeText } from './html.ts'

const WIDTH = 600
const HEIGHT = 120
/** What is left for the last step, which has no end. */
const LAST = 12

export function growth(snapshots: readonly InspectedSnapshot[]): Markup {
  if (snapshots.length < 2)
    return html`<p>With its next snapshots the growth of the table will be seen here.</p>`
  return html`<div class="pair">
    ${[
      curve('Rows in files', snapshots, ({ totalRows }) => totalRows, countText),
      curve('Size of files', snapshots, ({ state }) => state?.bytes ?? null, sizeText),
      curve('Files', snapshots, ({ state }) => state?.files ?? null, countText),
    ]}
  </div>`
}

function curve(
  title: string,
  snapshots: readonly InspectedSnapshot[],
  valueOf: (snapshot: InspectedSnapshot) => number | null,
  text: (value: number) => string,
): Markup {
  const known = snapshots.flatMap((snapshot) => {
    const value = valueOf(snapshot)
    return value === null ? [] : [{ timeMillis: snapshot.timeMillis, value }]
  })
  const [first] = known
  const last = known.at(-1)
  if (first === undefined || last === undefined)
    return html`<section class="card">
      <h3>${title}</h3>
      <p class="faint">Not known for these snapshots.</p>
    </section>`
  const most = known.reduce((max, { value }) => Math.max(max, value), 1)
  // Markup of its own: texts are cut at some length.
  const path: Markup = { markup: linePath(known, most) }
  const told = `${title}: ${text(first.value)} at ${timeText(first.timeMillis)}, ${text(last.value)} at ${timeText(last.timeMillis)}, ${text(most)} at most`
  return html`<section class="card">
    <h3>${title}</h3>
    <p class="faint">now ${text(last.value)}, at most ${text(most)}</p>
    <svg
      width="100%"
      height="${HEIGHT}"
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${told}"
    >
      <path class="area" d="${path}V${HEIGHT}H0Z" />
      <path class="curve" d="${path}" />
    </svg>
    <p class="ends">
      <span>${timeText(first.timeMillis)}</span><span>${timeText(last.timeMillis)}</span>
    </p>
  </section>`
}

/** Steps, since a table is as a snapshot left it until the next; by the order of snapshots where clocks went back. */
function linePath(
  points: readonly { readonly timeMillis: number; readonly value: number }[],
  most: number,
): string {
  const from = points[0]!.timeMillis
  const span = points.at(-1)!.timeMillis - from
  const isOrdered = points.every(
    ({ timeMillis }, i) => timeMillis >= (points[i - 1]?.timeMillis ?? from),
  )
  const xOf = (timeMillis: number, i: number): number =>
    isOrdered && span > 0
      ? ((timeMillis - from) / span) * (WIDTH - LAST)
      : (i / Math.max(1, points.length - 1)) * (WIDTH - LAST)
  const yOf = (value: number): number => HEIGHT - 3 - (value / most) * (HEIGHT - 8)
  const [first, ...others] = points
  const steps = others.map(
    ({ timeMillis, value }, i) => `H${at(xOf(timeMillis, i + 1))}V${at(yOf(value))}`,
  )
  return `M0 ${at(yOf(first!.value))}${steps.join('')}H${WIDTH}`
}
