/** The partitions of the page: what each has of the table's files. */
import type { Inspection } from '../../table/inspect/inspection.ts'
import { at, countText, html, type Markup, NOTHING, sizeText, some, timeText } from './html.ts'

export function partitionTable({ partitions, leftOut, totals, partitionKeys }: Inspection): Markup {
  if (partitions.length === 0) return html`<p>There is no data file.</p>`
  const largest = partitions.reduce((max, { bytes }) => Math.max(max, bytes), 1)
  const rows = partitions.map(
    ({ name, buckets, files, rows: rowCount, bytes, newestFileMillis }) =>
      html`<tr>
        <th scope="row">${name === '' ? 'the whole table' : name}</th>
        <td class="share">
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect class="COMPACT" width="${at((bytes / largest) * 100)}" height="10" />
          </svg>
        </td>
        <td class="number">${sizeText(bytes)}</td>
        <td class="number">${countText(files)}</td>
        <td class="number">${sizeText(files === 0 ? null : bytes / files)}</td>
        <td class="number">${countText(rowCount)}</td>
        <td class="number">${countText(buckets)}</td>
        <td class="time">${timeText(newestFileMillis)}</td>
      </tr>`,
  )
  const { count, files, bytes } = leftOut.partitions
  const hidden =
    count === 0
      ? NOTHING
      : html`<p class="faint">
          ${some(count, 'other partition')} of ${countText(totals.partitions)} not shown:
          ${some(files, 'file')}, ${sizeText(bytes)}.
        </p>`
  return html`${partitionKeys.length === 0 ? html`<p class="faint">The table has no partition keys.</p>` : NOTHING}
    <div class="card">
      <div class="scroll" tabindex="0" role="region" aria-label="Partitions">
        <table>
          <thead>
            <tr>
              <th scope="col">Partition</th>
              <th scope="col"><span class="faint">share</span></th>
              <th scope="col" class="number">Size</th>
              <th scope="col" class="number">Files</th>
              <th scope="col" class="number">Mean file</th>
              <th scope="col" class="number">Rows</th>
              <th scope="col" class="number">Buckets</th>
              <th scope="col">Newest file</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>
    </div>
    ${hidden}`
}
