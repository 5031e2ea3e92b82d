/**
 * The page of a table: one file that needs nothing else, so that it can be opened offline, sent, and kept.
 *
 * Its policy lets nothing be fetched, and no script or style run but the two that are here, told by their hashes. What
 * others wrote reaches it as escaped text only; shapes are drawn with attributes of SVG, never with style attributes.
 */
import { createHash } from 'node:crypto'

import type { Inspection, Notice } from '../../table/inspect/inspection.ts'
import { growth } from './growth.ts'
import { countText, html, type Markup, NOTHING, sizeText, some, timeText } from './html.ts'
import { partitionTable } from './partitions.ts'
import { schemaParts } from './schemas.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { timeline } from './timeline.ts'
import { trees } from './trees.ts'

/** When the page was made, and by what. */
export interface PageOrigin {
  readonly madeMillis: number
  readonly version: string
}

const SECTIONS = [
  { id: 'timeline', title: 'Timeline', content: timeline },
  { id: 'growth', title: 'Growth', content: ({ snapshots }: Inspection) => growth(snapshots) },
  { id: 'trees', title: 'LSM trees', content: trees },
  { id: 'partitions', title: 'Partitions', content: partitionTable },
  { id: 'schema', title: 'Schema', content: schemaParts },
] as const

export function inspectionPage(seen: Inspection, origin: PageOrigin): string {
  const title = seen.primaryKeys.length > 0 ? 'LSM trees' : 'Files'
  const titleOf = ({ id, title: of }: (typeof SECTIONS)[number]): string =>
    id === 'trees' ? title : of
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>${seen.table} – Millrace</title>
        <link rel="icon" href="data:," />
        ${{ markup: `<style>${STYLE}</style>` }}
      </head>
      <body>
        <a class="skip" href="#timeline">To the timeline</a>
        <header>
          <h1>${seen.table}</h1>
          <p class="faint mono">${seen.path}</p>
          <p>${stateText(seen)}</p>
          ${tiles(seen)}${notices(seen.notices)}
        </header>
        <nav aria-label="Parts of the page">
          <ul>
            ${SECTIONS.map((section) => html`<li><a href="#${section.id}">${titleOf(section)}</a></li>`)}
          </ul>
        </nav>
        <main>
          ${SECTIONS.map(
            (section) =>
              html`<section aria-labelledby="${section.id}">
                <h2 id="${section.id}">${titleOf(section)}</h2>
                ${section.content(seen)}
              </section> `,
          )}
        </main>
        <footer>
          <p>
            Made ${timeText(origin.madeMillis)} UTC by millrace ${origin.version} inspect. Times of
            files are those of their writers' clocks; all others are UTC.
          </p>
        </footer>
        ${{ markup: `<script>${SCRIPT}</script>` }}
      </body>
    </html> `
  return page.markup
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

function policy(): string {
  return [
    "default-src 'none'",
    `script-src ${hash(SCRIPT)}`,
    `style-src ${hash(STYLE)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

function stateText({ snapshotId, snapshots, branch, schemas }: Inspection): string {
  const at = snapshots.find(({ id }) => id === snapshotId)
  const where = branch === 'main' ? '' : `Branch ${branch}, `
  if (snapshotId === null) return `${where}without a snapshot`
  const time = at === undefined ? '' : ` of ${timeText(at.timeMillis)} UTC`
  return `${where}snapshot ${snapshotId}${time}, schema ${at?.schemaId ?? schemas.at(-1)?.id ?? 0}`
}

function tiles({ totals, partitionKeys, leftOut }: Inspection): Markup {
  const { rows, deleteRows, vectorRows } = totals
  const gone = (deleteRows ?? 0) + (vectorRows ?? 0)
  const share = rows === 0 ? 0 : (100 * gone) / rows
  const shares = share > 0 && share < 1 ? 'under 1 %' : `${Math.round(share)} %`
  const facts: (readonly [string, string])[] = [
    ['Rows in files', countText(rows)],
    ['Size', sizeText(totals.bytes)],
    ['Files', countText(totals.files)],
    ...(partitionKeys.length > 0 ? [['Partitions', countText(totals.partitions)] as const] : []),
    ['Buckets', countText(totals.buckets)],
    ...(totals.runsMax === null
      ? []
      : [['Sorted runs, at most', countText(totals.runsMax)] as const]),
    ['Deletes', shares],
    ['Snapshots', countText(totals.snapshots)],
    ['Tags', countText(totals.tags)],
  ]
  const cut = leftOut.files + leftOut.buckets + leftOut.snapshots + leftOut.partitions.count
  return html`<dl class="tiles">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${
      cut === 0
        ? NOTHING
        : html`<p class="faint">
            The table is larger than this page: ${leftOutText(leftOut)} are left out below. The
            figures above are of all.
          </p>`
    }`
}

function leftOutText({ snapshots, buckets, files, partitions }: Inspection['leftOut']): string {
  const parts: (readonly [number, string])[] = [
    [snapshots, 'snapshot'],
    [buckets, 'bucket'],
    [files, 'file'],
    [partitions.count, 'partition'],
  ]
  return parts
    .filter(([count]) => count > 0)
    .map(([count, noun]) => some(count, noun))
    .join(', ')
}

function notices(found: readonly Notice[]): Markup {
  if (found.length === 0) return NOTHING
  return html`<ul class="notices" aria-label="Worth a look">
    ${found.map(
      ({ severity, text, command }) =>
        html`<li class="${severity}">
          ${text}${command === undefined ? NOTHING : html` <code>${command}</code>`}
        </li>`,
    )}
  </ul>`
}
