/** The timeline of the page: each snapshot with what it added and took away, the tags above it, and its schema. */
import type { InspectedSnapshot, InspectedTag, Inspection } from '../../table/inspect/inspection.ts'
import {
  at,
  countText,
  html,
  type Markup,
  NOTHING,
  signed,
  sizeText,
  some,
  timeText,
} from './html.ts'

/** The chart scrolls once snapshots at the least distance are wider than this. */
const WIDTH = 1_100
const STEP_MIN = 18
const STEP_MAX = 44
/** From this distance on each snapshot has its number below. */
const STEP_LABELLED = 32
const MARGIN = 20
const TAGS_HEIGHT = 96
const BARS_HEIGHT = 70
const LABELS_HEIGHT = 26
/** What a tag's name may take above its snapshot. */
const TAG_CHARS_MAX = 14

const KINDS = { APPEND: 'append', COMPACT: 'compact', OVERWRITE: 'overwrite', ANALYZE: 'analyze' }

export function timeline(seen: Inspection): Markup {
  const { snapshots, leftOut } = seen
  if (snapshots.length === 0) return html`<p>There is no snapshot yet.</p>`
  const tags = Map.groupBy(seen.tags, ({ snapshotId }) => snapshotId)
  const hidden =
    leftOut.snapshots === 0
      ? NOTHING
      : html`<p class="faint">${some(leftOut.snapshots, 'older snapshot')} not shown.</p>`
  return html`<ul class="legend">
      ${Object.entries(KINDS).map(
        ([kind, text]) =>
          html`<li>
            <svg viewBox="0 0 8 8" aria-hidden="true">
              <rect class="${kind}" width="8" height="8" /></svg
            >${text}
          </li>`,
      )}
      <li>above the line what was added, below what went</li>
      <li>
        <svg viewBox="0 0 8 8" aria-hidden="true"><path class="mark" d="M4 0 8 4 4 8 0 4Z" /></svg
        >new schema
      </li>
    </ul>
    <div class="card">
      <div class="scroll to-end" tabindex="0" role="region" aria-label="Timeline, which scrolls">
        ${chart(snapshots, tags)}
      </div>
      <output id="told-snapshot" class="faint"></output>
    </div>
    ${hidden}
    <details>
      <summary>${some(snapshots.length, 'snapshot')} as a table</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Snapshots">
        ${table(snapshots, tags)}
      </div>
    </details>
    ${keptByTags(seen)}`
}

type TagsById = ReadonlyMap<number, readonly InspectedTag[]>

/** Where things stand in the chart. */
interface Layout {
  readonly step: number
  /** The line between what was added and what went. */
  readonly middle: number
  readonly height: number
  readonly amountOf: (snapshot: InspectedSnapshot) => readonly [added: number, gone: number]
  readonly amountMax: number
  readonly tags: TagsById
}

function chart(snapshots: readonly InspectedSnapshot[], tags: TagsById): Markup {
  const hasTags = snapshots.some(({ id }) => tags.has(id))
  const middle = (hasTags ? TAGS_HEIGHT : 10) + BARS_HEIGHT
  // Bytes tell more than rows, where they are known of all.
  const amountOf = snapshots.every(({ change }) => change !== null) ? bytesOf : rowsOf
  const layout: Layout = {
    step: Math.min(STEP_MAX, Math.max(STEP_MIN, Math.floor(WIDTH / snapshots.length))),
    middle,
    height: middle + BARS_HEIGHT + LABELS_HEIGHT,
    amountOf,
    amountMax: Math.max(1, ...snapshots.flatMap(amountOf)),
    tags,
  }
  const { step, height } = layout
  const width = snapshots.length * step + MARGIN
  const marks = snapshots.map((snapshot, i) => mark(snapshot, snapshots[i - 1], i * step, layout))
  return html`<svg
    width="${width}"
    height="${height}"
    viewBox="0 0 ${width} ${height}"
    role="listbox"
    tabindex="0"
    data-told="told-snapshot"
    data-hint="Choose a snapshot with the pointer, or with the arrow keys once the chart has the focus."
    data-first="last"
    aria-label="Snapshots, the oldest first"
  >
    <path class="axis" d="M0 ${middle}H${width}" />
    ${marks}
  </svg>`
}

function bytesOf({ change }: InspectedSnapshot): readonly [number, number] {
  return change === null ? [0, 0] : [change.addedBytes, change.deletedBytes]
}

function rowsOf({ deltaRows }: InspectedSnapshot): readonly [number, number] {
  return [Math.max(0, deltaRows), Math.max(0, -deltaRows)]
}

function mark(
  snapshot: InspectedSnapshot,
  before: InspectedSnapshot | undefined,
  left: number,
  { step, middle, height, amountOf, amountMax, tags }: Layout,
): Markup {
  const { id, kind } = snapshot
  // Square roots keep small commits visible beside large ones.
  const [up = 0, down = 0] = amountOf(snapshot).map((amount) =>
    amount === 0 ? 0 : Math.max(2, Math.sqrt(amount / amountMax) * (BARS_HEIGHT - 4)),
  )
  const width = Math.round(step * 0.7)
  const x = left + Math.round(step * 0.15)
  const names = (tags.get(id) ?? []).map(({ name }) => name)
  const isNewSchema = before !== undefined && before.schemaId !== snapshot.schemaId
  const isLabelled = step >= STEP_LABELLED || id % 5 === 0 || before === undefined
  const diamond = `M${x + width / 2} ${height - LABELS_HEIGHT - 8}l5 5-5 5-5-5Z`
  return html`<g role="option" id="snapshot-${id}" aria-label="${snapshotText(snapshot, names)}">
    <rect class="hit" x="${left}" width="${step}" height="${height}" />
    <rect class="${kind}" x="${x}" y="${at(middle - up)}" width="${width}" height="${at(up)}" />
    <rect class="${kind} down" x="${x}" y="${middle}" width="${width}" height="${at(down)}" />
    ${names.length === 0 ? NOTHING : tagLabel(names, x + width / 2, middle - up)}
    ${isNewSchema ? html`<path class="mark" d="${diamond}" />` : NOTHING}
    ${isLabelled ? html`<text class="label" x="${x}" y="${height - 6}">${id}</text>` : NOTHING}
  </g>`
}

/** The first tag's name above the snapshot, read upwards, on a stem. */
function tagLabel(names: readonly string[], x: number, barTop: number): Markup {
  const chars = Array.from(names[0] ?? '')
  const short =
    chars.length > TAG_CHARS_MAX ? [...chars.slice(0, TAG_CHARS_MAX - 1), '…'].join('') : names[0]!
  const more = names.length > 1 ? ` +${names.length - 1}` : ''
  const y = TAGS_HEIGHT - 4
  return html`<path class="stem" d="M${at(x)} ${TAGS_HEIGHT}V${at(barTop)}" />
    <text class="tag" transform="rotate(-90 ${at(x)} ${y})" x="${at(x)}" y="${y + 4}"
      >${short}${more}</text
    >`
}

function snapshotText(snapshot: InspectedSnapshot, tags: readonly string[]): string {
  const { id, kind, timeMillis, user, totalRows, deltaRows, change, state } = snapshot
  const parts = [
    `Snapshot ${id}, ${KINDS[kind]}, ${timeText(timeMillis)} UTC`,
    `${signed(deltaRows)} rows, ${countText(totalRows)} in all`,
  ]
  if (change !== null)
    parts.push(
      `files +${countText(change.addedFiles)} −${countText(change.deletedFiles)}, bytes +${sizeText(change.addedBytes)} −${sizeText(change.deletedBytes)}`,
    )
  if (state !== null) parts.push(`${some(state.files, 'file')}, ${sizeText(state.bytes)} then`)
  parts.push(`schema ${snapshot.schemaId}`, `by ${user}`)
  if (tags.length > 0) parts.push(`tags ${tags.join(', ')}`)
  return parts.join(' · ')
}

function table(snapshots: readonly InspectedSnapshot[], tags: TagsById): Markup {
  const rows = snapshots.toReversed().map((snapshot) => {
    const { id, kind, timeMillis, change, state } = snapshot
    const names = (tags.get(id) ?? []).map(({ name }) => name).join(', ')
    return html`<tr>
      <th scope="row">${id}</th>
      <td>${KINDS[kind]}</td>
      <td class="time">${timeText(timeMillis)}</td>
      <td class="number">${signed(snapshot.deltaRows)}</td>
      <td class="number">${countText(snapshot.totalRows)}</td>
      <td class="number">
        ${
          change === null
            ? '–'
            : `+${countText(change.addedFiles)} −${countText(change.deletedFiles)}`
        }
      </td>
      <td class="number">${sizeText(state?.bytes ?? null)}</td>
      <td class="number">${snapshot.schemaId}</td>
      <td>${snapshot.identifier ?? 'batch'}</td>
      <td>${snapshot.user}</td>
      <td>${names}</td>
    </tr>`
  })
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Snapshot</th>
        <th scope="col">Kind</th>
        <th scope="col">Time (UTC)</th>
        <th scope="col" class="number">Rows</th>
        <th scope="col" class="number">In all</th>
        <th scope="col" class="number">Files</th>
        <th scope="col" class="number">Size</th>
        <th scope="col" class="number">Schema</th>
        <th scope="col">Identifier</th>
        <th scope="col">User</th>
        <th scope="col">Tags</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`
}

/** Tags of snapshots that are not on the timeline, branches and consumers. */
function keptByTags({ tags, branches, consumers, snapshots }: Inspection): Markup {
  const first = snapshots[0]?.id ?? 0
  const others = tags.filter(({ snapshotId }) => snapshotId < first)
  const items = [
    ...others.map(
      ({ name, snapshotId, timeMillis, isExpired }) =>
        html`<li>
          tag <b>${name}</b> keeps snapshot ${snapshotId} of
          ${timeText(timeMillis)}${isExpired ? ', which has expired' : ''}
        </li>`,
    ),
    ...branches.map(
      ({ name, snapshotId, timeMillis }) =>
        html`<li>
          branch <b>${name}</b>${
            snapshotId === null
              ? ' has no snapshot'
              : ` is at its snapshot ${snapshotId} of ${timeText(timeMillis)}`
          }
        </li>`,
    ),
    ...consumers.map(
      ({ name, nextSnapshotId }) =>
        html`<li>consumer <b>${name}</b> reads snapshot ${nextSnapshotId} next</li>`,
    ),
  ]
  return items.length === 0
    ? NOTHING
    : html`<ul>
        ${items}
      </ul>`
}
