/** The schema of the page: its columns, its options, and how it came to be. */
import type { Inspection } from '../../table/inspect/inspection.ts'
import { html, type Markup, NOTHING, some, timeText } from './html.ts'

export function schemaParts(seen: Inspection): Markup {
  const { schemas, leftOut } = seen
  const hidden =
    leftOut.schemas === 0
      ? NOTHING
      : html`<p class="faint">${some(leftOut.schemas, 'older schema')} not shown.</p>`
  return html`<div class="pair">${columnTable(seen)}${optionTable(seen)}</div>
    <h3>History</h3>
    <ol class="history">
      ${schemas.toReversed().map(schemaItem)}
    </ol>
    ${hidden}`
}

function schemaItem({ id, timeMillis, changes }: Inspection['schemas'][number]): Markup {
  const items = changes.map((change) => html`<li>${change}</li>`)
  return html`<li>
    <h3>Schema ${id} <span class="faint">${timeText(timeMillis)}</span></h3>
    <ul>
      ${items}
    </ul>
  </li>`
}

function columnTable({ columns, primaryKeys, partitionKeys }: Inspection): Markup {
  const rows = columns.map(({ name, type, comment }) => {
    const note = comment === undefined ? NOTHING : html`<br /><span class="faint">${comment}</span>`
    const roles = [
      ...(primaryKeys.includes(name) ? ['primary key'] : []),
      ...(partitionKeys.includes(name) ? ['partition key'] : []),
    ]
    return html`<tr>
      <th scope="row">${name}${note}</th>
      <td class="mono">${type}</td>
      <td>${roles.join(', ')}</td>
    </tr>`
  })
  return html`<section class="card">
    <h3>Columns</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="Columns">
      <table>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Type</th>
            <th scope="col">Key</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`
}

function optionTable({ options }: Inspection): Markup {
  const rows = Object.entries(options).map(
    ([name, value]) =>
      html`<tr>
        <th scope="row" class="mono">${name}</th>
        <td>${value}</td>
      </tr>`,
  )
  const content =
    rows.length === 0
      ? html`<p class="faint">None is set.</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="Options">
          <table>
            <tbody>
              ${rows}
            </tbody>
          </table>
        </div>`
  return html`<section class="card">
    <h3>Options</h3>
    ${content}
  </section>`
}
