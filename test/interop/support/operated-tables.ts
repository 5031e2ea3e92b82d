/** What operations are chosen by and compared by: what is in a table, as its directory and its readers have it. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { canonicalRow, readRows } from '../../support/golden-expect.ts'
import type { TableState } from './operation-plans.ts'
import type { SharedWarehouse } from './shared-warehouse.ts'
import { compare, facts, javaChanges, ourChanges } from './table-differences.ts'

/** What is in the table now; `name` is `db.table`. */
export async function stateOf(both: SharedWarehouse, name: string): Promise<TableState> {
  const { schema } = await both.table(name)
  const directory = directoryOf(both, name)
  const snapshots = await idsIn(join(directory, 'snapshot'), 'snapshot-')
  const branches = await Promise.all(
    (await namesIn(join(directory, 'branch'), 'branch-')).map(async (branch) => ({
      name: branch,
      fields: (await both.table(`${name}$branch_${branch}`)).schema.fields,
      tags: await namesIn(join(directory, 'branch', `branch-${branch}`, 'tag'), 'tag-'),
    })),
  )
  const tags = await namesIn(join(directory, 'tag'), 'tag-')
  const tagged = await Promise.all(
    tags.map((tag) => snapshotOf(join(directory, 'tag', `tag-${tag}`))),
  )
  return {
    fields: schema.fields,
    isKeyed: schema.primaryKeys.length > 0,
    options: schema.options,
    earliest: snapshots[0] ?? 0,
    latest: snapshots.at(-1) ?? 0,
    tags,
    freshTags: tags.filter((_, i) => snapshots.includes(tagged[i]!)),
    branches,
    consumers: await namesIn(join(directory, 'consumer'), 'consumer-'),
  }
}

async function snapshotOf(path: string): Promise<number> {
  return (JSON.parse(await readFile(path, 'utf8')) as { readonly id: number }).id
}

export function directoryOf({ directory }: SharedWarehouse, name: string): string {
  return join(directory, 'db.db', name.slice('db.'.length))
}

async function namesIn(directory: string, prefix: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => [])
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .toSorted()
}

async function idsIn(directory: string, prefix: string): Promise<number[]> {
  return (await namesIn(directory, prefix)).map(Number).toSorted((a, b) => a - b)
}

/** How a table that this library operated differs from the one that Java did: a line for each kind of difference. */
export async function compareOperated(
  both: SharedWarehouse,
  theirs: string,
  ours: string,
): Promise<string[]> {
  const state = await stateOf(both, theirs)
  return [
    ...compare('files', await treeOf(both, ours), await treeOf(both, theirs)),
    ...(await compareRows(both, state, theirs, ours)),
    ...(await compareStreams(both, theirs, ours)),
    ...(await compareSystemTables(both, state, theirs, ours)),
    ...(await findings(both, ours)),
  ]
}

/** Every file by its directory and what it is, and the first and last snapshot and changelog as the hints lead to them. */
async function treeOf(both: SharedWarehouse, name: string): Promise<string[]> {
  const root = directoryOf(both, name)
  const files = await readdir(root, { recursive: true, withFileTypes: true })
  const texts = files
    .filter(({ name: file }) => !/^(?:LATEST|EARLIEST)$|\.crc$/.test(file))
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(root.length + 1))
    .map((path) => path.replaceAll(/[0-9a-f]{8}(-[0-9a-f]+){4}-\d+/g, '*'))
  const ends = ['snapshot', 'changelog'].map(async (kind) => await endsOf(root, kind))
  return [...texts, ...(await Promise.all(ends))]
}

/** As `HintFileUtils` finds them. */
async function endsOf(root: string, kind: string): Promise<string> {
  const directory = join(root, kind)
  const ids = await idsIn(directory, `${kind}-`)
  const hint = async (name: string): Promise<number> =>
    Number(await readFile(join(directory, name), 'utf8').catch(() => '0'))
  const [earliest, latest] = [await hint('EARLIEST'), await hint('LATEST')]
  const first = ids.includes(earliest) ? earliest : ids[0]
  const last = latest > 0 && !ids.includes(latest + 1) ? latest : ids.at(-1)
  return `${kind} from ${first} to ${ids.length === 0 ? undefined : last}`
}

/** The places in a table that rows are read at. */
function placesOf({ earliest, latest, tags, branches }: TableState): Place[] {
  // The latest snapshot is what a read without options shows.
  const snapshots = new Set([earliest, (earliest + latest) >> 1, latest - 1])
  return [
    { suffix: '', options: {} },
    ...[...snapshots]
      .filter((id) => id >= earliest && id < latest)
      .map((id) => ({ suffix: '', options: { 'scan.snapshot-id': String(id) } })),
    ...tags.map((tag) => ({ suffix: '', options: { 'scan.tag-name': tag } })),
    ...branches.map(({ name }) => ({ suffix: `$branch_${name}`, options: {} })),
  ]
}

interface Place {
  readonly suffix: string
  readonly options: Readonly<Record<string, string>>
}

async function compareRows(
  both: SharedWarehouse,
  state: TableState,
  theirs: string,
  ours: string,
): Promise<string[]> {
  const problems: string[] = []
  for (const place of placesOf(state)) {
    const { suffix, options } = place
    const where = `${suffix} ${JSON.stringify(options)}`
    const expected = await rowsOrFailure(both.java.read(theirs + suffix, { options }))
    const shown = await rowsOrFailure(both.java.read(ours + suffix, { options }))
    problems.push(
      ...compare(`rows${where} as Java reads them`, shown, expected),
      ...compare(`rows${where} as we read them`, await ourRows(both, ours, place), expected),
      ...compare(
        `Java's rows${where} as we read them`,
        await ourRows(both, theirs, place),
        expected,
      ),
    )
  }
  return problems
}

function ourRows(
  both: SharedWarehouse,
  name: string,
  { suffix, options }: Place,
): Promise<string[]> {
  const read = async (): Promise<string[]> =>
    await readRows((await both.table(name + suffix)).read({ options }))
  return rowsOrFailure(read())
}

/** Where one side cannot read, neither should the other. */
async function rowsOrFailure(rows: Promise<string[]>): Promise<string[]> {
  try {
    return await rows
  } catch {
    return ['{"cannot":"be read"}']
  }
}

/** From the oldest changes on that are still there. */
async function compareStreams(
  both: SharedWarehouse,
  theirs: string,
  ours: string,
): Promise<string[]> {
  const root = directoryOf(both, theirs)
  const changelogs = await idsIn(join(root, 'changelog'), 'changelog-')
  const [first] = [...changelogs, ...(await idsIn(join(root, 'snapshot'), 'snapshot-'))]
  const table = await both.table(ours)
  const keys = table.schema.primaryKeys
  const options = { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': String(first ?? 1) }
  const stream = (name: string): Promise<string[]> =>
    rowsOrFailure(javaChanges(both.java, name, options, keys))
  const expected = await stream(theirs)
  const where = `stream from ${first}`
  return [
    ...compare(`${where} as Java reads it`, await stream(ours), expected),
    ...compare(
      `${where} as we read it`,
      await rowsOrFailure(ourChanges(table, options, keys)),
      expected,
    ),
  ]
}

/** What is the same of two tables with the same history. */
const FACTS: Readonly<Record<string, readonly string[]>> = {
  snapshots: [
    'snapshot_id',
    'schema_id',
    'commit_kind',
    'total_record_count',
    'delta_record_count',
    'changelog_record_count',
    'watermark',
  ],
  tags: ['tag_name', 'snapshot_id', 'schema_id', 'record_count', 'time_retained'],
  branches: ['branch_name'],
  consumers: ['consumer_id', 'next_snapshot_id'],
  schemas: ['schema_id', 'fields', 'partition_keys', 'primary_keys', 'options', 'comment'],
  files: [
    'partition',
    'bucket',
    'schema_id',
    'level',
    'record_count',
    'min_sequence_number',
    'max_sequence_number',
    'file_source',
  ],
}

/** Of the table and of each of its branches. */
async function compareSystemTables(
  both: SharedWarehouse,
  { branches }: TableState,
  theirs: string,
  ours: string,
): Promise<string[]> {
  const problems: string[] = []
  for (const suffix of ['', ...branches.map(({ name }) => `$branch_${name}`)])
    for (const [kind, columns] of Object.entries(FACTS)) {
      if (suffix !== '' && (kind === 'branches' || kind === 'consumers')) continue
      const name = `${suffix}$${kind}`
      const read = (table: string): Promise<string[]> =>
        rowsOrFailure(both.java.read(table + name).then(orderOptions))
      const [wanted, shown] = [await read(theirs), await read(ours)]
      problems.push(...compare(name, facts(shown, columns), facts(wanted, columns)))
      const system = await new Catalog(both.io, both.directory).systemTable(ours + name)
      const seen = await rowsOrFailure(readRows(system.read()).then(orderOptions))
      problems.push(...compare(`${name} as we show it`, seen, shown))
    }
  return problems
}

/** Options are one text, which Java prints in the order of a hash map; it shows the times of directories for branches. */
function orderOptions(texts: readonly string[]): string[] {
  return texts.map((text) => {
    const row = JSON.parse(text) as Record<string, unknown>
    if ('branch_name' in row) delete row['create_time']
    if (typeof row['options'] === 'string') {
      const options = Object.entries(JSON.parse(row['options']) as Record<string, string>)
      row['options'] = options.map(([name, value]) => `${name}=${value}`).toSorted()
    }
    return canonicalRow(row)
  })
}

async function findings(both: SharedWarehouse, name: string): Promise<string[]> {
  const { damage } = await (await both.table(name)).check({ allSnapshots: true })
  return damage.map((finding) => `check: ${JSON.stringify(finding)}`)
}
