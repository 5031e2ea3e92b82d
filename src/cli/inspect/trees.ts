/** The trees of the page: each bucket's sorted runs, and their files along the axis of keys. */
import type {
  FileSums,
  InspectedBucket,
  InspectedFile,
  InspectedRun,
  Inspection,
} from '../../table/inspect/inspection.ts'
import { at, countText, html, type Markup, NOTHING, sizeText, some, timeText } from './html.ts'

/** The width that files are laid out in; the page stretches it. */
const WIDTH = 1000
const HEIGHT = 10
const WIDTH_MIN = 5
/** From so many trees on there is a filter. */
const FILTER_FROM = 4
const HINT = 'Choose a file with the pointer, or with the arrow keys once a tree has the focus.'

export function trees(seen: Inspection): Markup {
  const { buckets, leftOut, totals, primaryKeys } = seen
  if (buckets.length === 0) return html`<p>There is no data file.</p>`
  const isKeyed = primaryKeys.length > 0
  const hidden =
    leftOut.buckets === 0
      ? NOTHING
      : html`<p class="faint">
          ${some(leftOut.buckets, 'more bucket')} of ${countText(totals.buckets)} not shown: those
          with the most sorted runs, and the largest, are.
        </p>`
  const filter =
    buckets.length < FILTER_FROM
      ? NOTHING
      : html`<p class="asks" hidden>
          <label for="filter">Partition or bucket</label><br /><input
            id="filter"
            type="search"
            autocomplete="off"
          />
          <span id="filtered" class="faint" role="status"></span>
        </p>`
  return html`${
      isKeyed
        ? html`<p class="faint">
            A row of files is a sorted run, the newest above. A file reaches from its first to its
            last key, among the ends of all files that are shown; where runs overlap, reads merge.
          </p>`
        : html`<p class="faint">
            Files in the order in which they were written, as wide as they are large.
          </p>`
    }
    <ul class="legend">
      <li>
        <svg viewBox="0 0 8 8" aria-hidden="true"><rect class="APPEND" width="8" height="8" /></svg
        >level 0
      </li>
      <li>
        <svg viewBox="0 0 8 8" aria-hidden="true"><rect class="COMPACT" width="8" height="8" /></svg
        >levels above
      </li>
      <li>
        <svg viewBox="0 0 8 8" aria-hidden="true"><rect class="delete" width="8" height="8" /></svg
        >share of rows that delete, or are deleted
      </li>
    </ul>
    ${filter} ${buckets.map((bucket, i) => tree(bucket, i))}${hidden}`
}

function tree(bucket: InspectedBucket, index: number): Markup {
  const { partition, runs, runCount } = bucket
  const name = `${partition === '' ? '' : `${partition}, `}bucket ${bucket.bucket}`
  const figures = [
    ...(runCount === null ? [] : [some(runCount, 'sorted run')]),
    some(bucket.files, 'file'),
    some(bucket.rows, 'row'),
    sizeText(bucket.bytes),
    ...deleteTexts(bucket),
  ]
  const shownFiles = runs.reduce((sum, { shown }) => sum + shown.length, 0)
  const hiddenRuns = runCount === null ? 0 : runCount - runs.length
  const told = `told-${index}`
  return html`<article class="card tree" data-name="${name}">
    <h3>${name}</h3>
    <p>${figures.join(' · ')}</p>
    <div
      role="listbox"
      tabindex="0"
      data-told="${told}"
      data-hint="${index === 0 ? HINT : ''}"
      aria-label="Files of ${name}"
    >
      ${runs.map((run, i) => runRow(run, `${index}-${i}`, bucket.keyPlaces))}
    </div>
    ${ends(bucket)}${
      hiddenRuns > 0
        ? html`<p class="faint">${some(hiddenRuns, 'older run')} of level 0 not shown.</p>`
        : NOTHING
    }<output id="${told}" class="faint"></output>
    <details>
      <summary>
        ${some(shownFiles, 'file')}${shownFiles < bucket.files ? ` of ${countText(bucket.files)}` : ''}
        as a table
      </summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Files of ${name} as a table">
        ${table(runs)}
      </div>
    </details>
  </article>`
}

function runRow(run: InspectedRun, id: string, keyPlaces: number): Markup {
  const label = [
    keyPlaces > 0 ? `L${run.level}` : 'files',
    ...(run.files === 1 ? [] : [some(run.files, 'file')]),
    some(run.rows, 'row'),
    sizeText(run.bytes),
    ...deleteTexts(run),
  ]
  const places = keyPlaces > 0 ? placesByKey(run, keyPlaces) : placesBySize(run)
  return html`<div class="run${run.level === 0 ? ' level0' : ''}">
    <span
      >${label.join(' · ')}${run.shown.length < run.files ? `, ${countText(run.shown.length)} shown` : ''}</span
    ><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="presentation">
      ${run.shown.map((file, i) => fileMark(file, run.level, `file-${id}-${i}`, places[i]!))}
    </svg>
  </div>`
}

interface Place {
  readonly x: number
  readonly width: number
}

function placesByKey({ shown }: InspectedRun, keyPlaces: number): Place[] {
  const step = keyPlaces > 1 ? WIDTH / (keyPlaces - 1) : 0
  return shown.map(({ keys }) => {
    if (keys === null || step === 0) return { x: 0, width: WIDTH }
    const width = Math.max(WIDTH_MIN, (keys.maxPlace - keys.minPlace) * step)
    return { x: Math.min(keys.minPlace * step, WIDTH - width), width }
  })
}

function placesBySize({ shown }: InspectedRun): Place[] {
  const total = shown.reduce((sum, { bytes }) => sum + Math.max(1, bytes), 0)
  let x = 0
  return shown.map(({ bytes }) => {
    const place = { x, width: (Math.max(1, bytes) / total) * WIDTH }
    x += place.width
    return place
  })
}

function fileMark(file: InspectedFile, level: number, id: string, { x, width }: Place): Markup {
  const share = file.rows === 0 ? 0 : Math.min(1, goneRows(file) / file.rows)
  return html`<g role="option" id="${id}" aria-label="${fileText(file, level)}"
    ><rect class="file" x="${at(x)}" width="${at(width)}" height="${HEIGHT}" />${
      share > 0
        ? html`<rect class="delete" x="${at(x)}" y="7" width="${at(share * width)}" height="3" />`
        : NOTHING
    }</g
  >`
}

function goneRows({ deleteRows, vectorRows }: Pick<FileSums, 'deleteRows' | 'vectorRows'>): number {
  return (deleteRows ?? 0) + (vectorRows ?? 0)
}

function deleteTexts({
  deleteRows,
  vectorRows,
}: Pick<FileSums, 'deleteRows' | 'vectorRows'>): string[] {
  const texts: string[] = []
  if (deleteRows !== null && deleteRows > 0) texts.push(some(deleteRows, 'delete'))
  if (vectorRows !== null && vectorRows > 0)
    texts.push(`${countText(vectorRows)} deleted by vectors`)
  return texts
}

function fileText(file: InspectedFile, level: number): string {
  const { name, rows, bytes, keys, schemaId, source, createdMillis } = file
  return [
    name,
    `level ${level}`,
    some(rows, 'row'),
    sizeText(bytes),
    ...deleteTexts(file),
    ...(keys === null ? [] : [`keys ${keys.min} to ${keys.max}`]),
    `schema ${schemaId}`,
    ...(source === null ? [] : [source === 'append' ? 'written' : 'compacted']),
    ...(createdMillis === null ? [] : [timeText(createdMillis)]),
  ].join(' · ')
}

/** The first and the last key below the runs. */
function ends({ runs, keyPlaces }: InspectedBucket): Markup {
  const keys = runs.flatMap(({ shown }) => shown.flatMap(({ keys: of }) => of ?? []))
  const first = keys.find(({ minPlace }) => minPlace === 0)
  const last = keys.find(({ maxPlace }) => maxPlace === keyPlaces - 1)
  if (first === undefined || last === undefined) return NOTHING
  return html`<p class="ends keys mono"><span>${first.min}</span><span>${last.max}</span></p>`
}

function table(runs: readonly InspectedRun[]): Markup {
  const rows = runs.flatMap(({ level, shown }) =>
    shown.map(
      (file) =>
        html`<tr>
          <td class="number">${level}</td>
          <td class="mono">${file.name}</td>
          <td class="number">${countText(file.rows)}</td>
          <td class="number">${file.deleteRows === null ? '–' : countText(goneRows(file))}</td>
          <td class="number">${sizeText(file.bytes)}</td>
          <td>${file.keys?.min ?? '–'}</td>
          <td>${file.keys?.max ?? '–'}</td>
          <td class="number">${file.schemaId}</td>
          <td class="time">${timeText(file.createdMillis)}</td>
        </tr>`,
    ),
  )
  return html`<table>
    <thead>
      <tr>
        <th scope="col" class="number">Level</th>
        <th scope="col">File</th>
        <th scope="col" class="number">Rows</th>
        <th scope="col" class="number">Deletes</th>
        <th scope="col" class="number">Size</th>
        <th scope="col">First key</th>
        <th scope="col">Last key</th>
        <th scope="col" class="number">Schema</th>
        <th scope="col">Made</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`
}
