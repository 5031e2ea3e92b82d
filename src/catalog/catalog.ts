/**
 * A catalog: the databases and tables of a warehouse.
 *
 * Follows `FileSystemCatalog`: a database is the directory `NAME.db` of the warehouse, a table a directory in it with
 * at least one schema file.
 */
import { requireCarried } from '../iceberg-compat/carried.ts'
import { indexSpecs } from '../indexes/file-index/write/index-specs.ts'
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { joinPath, resolveLocation } from '../io/path.ts'
import { openFileIO } from '../io/resolve.ts'
import { fileForms } from '../lsm/file-form.ts'
import { mergeEngine } from '../lsm/merge/engine.ts'
import { branchNames, noBranch } from '../snapshot/branches.ts'
import { MAIN_BRANCH } from '../snapshot/paths.ts'
import { openBranch, openTableStore, type TableStore } from '../snapshot/table-store.ts'
import { type CheckOptions, type CheckReport, checkTable } from '../table/check.ts'
import { icebergFailure } from '../table/maintain/iceberg.ts'
import { openSystemTable, type SystemTable } from '../table/system-tables.ts'
import { Table } from '../table/table.ts'
import { firstSchema, type NewSchema } from '../types/new-schema.ts'
import { checkCatalogOptions } from '../types/option-checks.ts'
import { type CatalogOptionsInput, rawOptions, type RawOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { hasPrimaryKey } from '../types/schema-keys.ts'
import {
  checkDefinition,
  type Columns,
  newSchemaOf,
  type SchemaDefinition,
} from '../types/schema.ts'
import { invalid, isNotFound, LakeError, notFound } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import {
  type Dropped,
  type DropOptions,
  dropTable,
  hasFiles,
  joinDropped,
  NOTHING_DROPPED,
} from './drop.ts'
import {
  type GlobalContent,
  GLOBAL_TABLES,
  openGlobalTable,
  type StoredTable,
  SYSTEM_DATABASE,
} from './global-tables.ts'
import { publishRenamed } from './iceberg-places.ts'
import { checkName, identifierText, parseIdentifier, type TableIdentifier } from './identifier.ts'
import { type CatalogMetrics, tableMetrics } from './metrics.ts'
import { moveTable } from './rename.ts'

export type CatalogInput = Omit<CatalogOptionsInput, 'warehouse'> & {
  /** The directory of the warehouse, `s3://BUCKET/PREFIX`, or `memory://NAME/PREFIX` for the memory of this process. */
  readonly warehouse: string
}

const DATABASE_SUFFIX = '.db'

/**
 * Opens the catalog of a warehouse. Nothing is read before it is asked for, so a warehouse that is not there is an empty
 * one. Throws INVALID for an unknown option, with the nearest right name, and UNSUPPORTED for an option or a kind of
 * storage that is not implemented. Without keys among the options S3 takes those that the AWS SDK finds.
 */
export async function createCatalog(options: CatalogInput): Promise<Catalog> {
  const raw = rawOptions(options)
  checkCatalogOptions(raw)
  const { warehouse } = options
  if (typeof warehouse !== 'string' || warehouse === '')
    throw invalid('a catalog needs the option warehouse', {
      hint: 'give a directory, or s3://BUCKET/PREFIX',
    })
  const location = resolveLocation(warehouse)
  const io = openFileIO(location, storageOptions(raw))
  return await Promise.resolve(new Catalog(io, location, raw))
}

/** What concerns the storage and not the catalog. */
function storageOptions(raw: RawOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(raw).filter(([name]) => name !== 'warehouse'))
}

/**
 * The databases and tables of a warehouse; {@link createCatalog} opens one. All calls that ask the storage throw a
 * {@link LakeError}: IO where the storage fails, ABORTED where their signal fires.
 */
export class Catalog implements AsyncDisposable {
  /** The storage of the warehouse. Its `stats()` tell the requests and bytes so far. */
  readonly io: FileIO
  /** The absolute path or address of the warehouse. */
  readonly warehouse: string
  /** One store for each table, so that what was read is shared by all who open it. */
  readonly #stores = new Map<string, TableStore>()
  /** What the catalog was opened with. */
  readonly #options: RawOptions

  /** @internal {@link createCatalog} makes catalogs. */
  constructor(io: FileIO, warehouse: string, options: RawOptions = { warehouse }) {
    this.io = io
    this.warehouse = warehouse
    this.#options = options
  }

  /** What this process has measured so far of its work on the tables that it opened by this catalog. */
  metrics(): CatalogMetrics {
    return { tables: tableMetrics(this.#named()), storage: this.io.stats() }
  }

  /** @internal What this process last failed with where it published Iceberg metadata, by the names of the tables. */
  icebergFailures(): ReadonlyMap<string, unknown> {
    const failed = new Map<string, unknown>()
    for (const [name, store] of this.#named()) {
      const failure = icebergFailure(store)
      if (failure !== null) failed.set(name, failure.error)
    }
    return failed
  }

  /** The stores of tables that are open, by `database.table`. */
  #named(): (readonly [name: string, store: TableStore])[] {
    return [...this.#stores].map(([root, store]) => [
      root.slice(this.warehouse.length + 1).replace(`${DATABASE_SUFFIX}/`, '.'),
      store,
    ])
  }

  /** The names of the databases, sorted. */
  async databases(options: IoOptions = {}): Promise<string[]> {
    const directories = await this.io.listDirectories(this.warehouse, options)
    return directories
      .filter((name) => name.endsWith(DATABASE_SUFFIX))
      .map((name) => name.slice(0, -DATABASE_SUFFIX.length))
      .toSorted()
  }

  /** Makes a database; EXISTS when it is there, unless `ifNotExists`. */
  async createDatabase(
    name: string,
    options: IoOptions & { readonly ifNotExists?: boolean } = {},
  ): Promise<void> {
    checkName(name, 'a database')
    if (name === SYSTEM_DATABASE)
      throw invalid(`${name} is the database of the catalog's own tables`, {
        hint: 'take another name',
      })
    const { signal } = options
    if ((await this.databases({ signal })).includes(name)) {
      if (options.ifNotExists) return
      throw new LakeError('EXISTS', `there is a database ${name} already`)
    }
    await this.io.createDirectory(this.#databasePath(name), { signal })
  }

  /** The names of the tables of a database, sorted. NOT_FOUND when there is no such database. */
  async tables(database: string, options: IoOptions = {}): Promise<string[]> {
    checkName(database, 'a database')
    if (database === SYSTEM_DATABASE) return [...GLOBAL_TABLES]
    await this.#requireDatabase(database, options)
    const path = this.#databasePath(database)
    const names = await this.io.listDirectories(path, options)
    const areTables = await Promise.all(
      names.map((name) => isTable(openTableStore(this.io, joinPath(path, name)), options)),
    )
    return names.filter((_, i) => areTables[i]).toSorted()
  }

  /** Whether there is a table `database.table`; INVALID for what is no such name. */
  async tableExists(name: string, options: IoOptions = {}): Promise<boolean> {
    return await isTable(this.#store(parseIdentifier(name)), options)
  }

  /**
   * Makes a table `database.table`, and its database if need be, from a definition (`defineSchema`) or from a schema as
   * JSON has it (`parseNewSchema`). EXISTS when the table is there; with `ifNotExists` it is opened then, after a check
   * that its columns are those of the definition. INVALID for a schema that no table can have, UNSUPPORTED for one that
   * this library cannot write, such as a primary key without a fixed number of buckets.
   */
  async createTable<C extends Columns>(
    name: string,
    definition: SchemaDefinition<C>,
    options?: IoOptions & { readonly ifNotExists?: boolean },
  ): Promise<Table<C>>
  async createTable(
    name: string,
    definition: NewSchema,
    options?: IoOptions & { readonly ifNotExists?: boolean },
  ): Promise<Table>
  async createTable(
    name: string,
    definition: SchemaDefinition | NewSchema,
    options: IoOptions & { readonly ifNotExists?: boolean } = {},
  ): Promise<Table> {
    const { signal } = options
    const id = this.#plainTable(name)
    if (id.branch !== undefined) throw invalid(`${identifierText(id)} names a branch of a table`)
    const isDefinition = 'columns' in definition
    const schema = firstSchema(isDefinition ? newSchemaOf(definition) : definition, Date.now())
    // Options that contradict each other are found here, not when rows are written.
    if (hasPrimaryKey(schema)) mergeEngine(schema)
    fileForms(schema)
    indexSpecs(schema)
    requireCarried(schema)
    const store = this.#store(id)
    await this.createDatabase(id.database, { ifNotExists: true, signal })
    const isFree = !(await isTable(store, { signal }))
    if (isFree && (await store.schemas.create(schema, { signal })))
      return new Table(store, identifierText(id), schema)
    if (!options.ifNotExists)
      throw new LakeError('EXISTS', `there is a table ${identifierText(id)} already`, {
        path: store.location.root,
      })
    const stored = await store.schemas.readLatest({ signal })
    if (isDefinition) checkDefinition(definition, stored)
    return new Table(store, identifierText(id), stored)
  }

  /**
   * Opens a table; with a definition its rows have types, and INVALID is thrown where the table's columns are others.
   * NOT_FOUND, with the nearest name, when there is no such table.
   */
  async table(name: string, definition?: undefined, options?: IoOptions): Promise<Table>
  async table<C extends Columns>(
    name: string,
    definition: SchemaDefinition<C>,
    options?: IoOptions,
  ): Promise<Table<C>>
  async table(
    name: string,
    definition?: SchemaDefinition,
    options: IoOptions = {},
  ): Promise<Table> {
    const id = this.#plainTable(name)
    const store = this.#store(id)
    const schema = await this.#latestSchema(id, store, options)
    if (definition !== undefined) checkDefinition(definition, schema)
    return new Table(store, identifierText(id), schema)
  }

  /**
   * Opens a system table, such as `sales.orders$files`, or one of the whole catalog, such as `sys.tables`. NOT_FOUND,
   * with the nearest name, when there is none.
   */
  async systemTable(name: string, options: IoOptions = {}): Promise<SystemTable> {
    const id = parseIdentifier(name)
    const { systemTable } = id
    if (id.database === SYSTEM_DATABASE) return openGlobalTable(this.#content(), globalName(id))
    if (systemTable === undefined)
      throw invalid(`${name} is no system table`, { hint: `a name such as ${name}$files is one` })
    const store = this.#store(id)
    const schema = await this.#latestSchema(id, store, options)
    const tableName = identifierText({ ...id, systemTable: undefined })
    return openSystemTable(store, schema, tableName, systemTable)
  }

  /**
   * Deletes a table with all of its files, branches included; what its writers put there afterwards stays. NOT_FOUND, with
   * the nearest name, when there is none, unless `ifExists`. What was, or in a dry run would be, deleted.
   */
  async dropTable(name: string, options: DropOptions = {}): Promise<Dropped> {
    const id = this.#wholeTable(name)
    const store = this.#store(id)
    const { signal, ifExists, dryRun } = options
    if (!(await isTable(store, { signal }))) {
      if (ifExists) return NOTHING_DROPPED
      throw await this.#noTable(id, { signal })
    }
    const dropped = await dropTable(store, identifierText(id), options)
    if (!dryRun) this.#stores.delete(store.location.root)
    return dropped
  }

  /**
   * Gives a table another name, also in another database, which is made if need be, in one step. Whoever has it open has to open it again: writers
   * cannot commit under the old name. NOT_FOUND when there is no such table, EXISTS when something has the new name,
   * UNSUPPORTED on storages without directories, such as S3.
   */
  async renameTable(name: string, to: string, options: IoOptions = {}): Promise<Table> {
    const id = this.#wholeTable(name)
    const target = this.#wholeTable(to)
    const store = this.#store(id)
    await this.#requireTable(id, store, options)
    const [root, path] = [store.location.root, this.#tablePath(target)]
    await moveTable(this.io, { root, path, to }, options, async () => {
      await this.createDatabase(target.database, { ...options, ifNotExists: true })
    })
    for (const each of [root, path]) this.#stores.delete(each)
    const renamed = await this.table(to, undefined, options)
    await publishRenamed(renamed.store, renamed.schema, root, options.signal)
    return renamed
  }

  /**
   * Deletes a database. INVALID when it has tables, or files of others, unless `cascade`: then they are deleted too.
   * NOT_FOUND, with the nearest name, when there is none, unless `ifExists`.
   */
  async dropDatabase(
    name: string,
    options: DropOptions & { readonly cascade?: boolean | undefined } = {},
  ): Promise<Dropped> {
    const { signal, ifExists, dryRun, cascade = false } = options
    checkName(name, 'a database')
    if (name === SYSTEM_DATABASE) throw invalid(`the database ${name} cannot be dropped`)
    const databases = await this.databases({ signal })
    if (ifExists && !databases.includes(name)) return NOTHING_DROPPED
    const tables = await this.tables(name, { signal })
    const path = this.#databasePath(name)
    const holds = tables.length > 0 ? `tables, such as ${tables[0]}` : 'files that are in no table'
    if (!cascade && (await hasFiles(this.io, path, { signal })))
      throw invalid(`the database ${name} has ${holds}`, {
        path,
        hint: 'drop the tables first, or all at once with cascade',
      })
    const all: Dropped[] = []
    for (const table of tables) all.push(await this.dropTable(`${name}.${table}`, options))
    if (!dryRun) await this.io.deleteDirectory(path, { signal })
    return joinDropped(all)
  }

  /** Opens whatever the name names: a table, or with a dollar sign a system table. */
  async open(name: string, options: IoOptions = {}): Promise<Table | SystemTable> {
    const { database, systemTable } = parseIdentifier(name)
    return systemTable === undefined && database !== SYSTEM_DATABASE
      ? await this.table(name, undefined, options)
      : await this.systemTable(name, options)
  }

  #content(): GlobalContent {
    return {
      catalogOptions: this.#options,
      tables: (signal) => this.#storedTables({ signal }),
    }
  }

  async *#storedTables(options: IoOptions): AsyncGenerator<StoredTable, void, undefined> {
    for (const database of await this.databases(options))
      for (const table of await this.tables(database, options)) {
        const id = { database, table, branch: undefined, systemTable: undefined }
        const store = this.#store(id)
        try {
          yield { database, table, store, schema: await store.schemas.readLatest(options) }
        } catch (error) {
          // A table may be dropped meanwhile.
          if (!isNotFound(error)) throw error
        }
      }
  }

  async #latestSchema(
    id: TableIdentifier,
    store: TableStore,
    options: IoOptions,
  ): Promise<TableSchema> {
    try {
      return await store.schemas.readLatest(options)
    } catch (error) {
      if (!isNotFound(error)) throw error
      throw await this.#noTable(id, options, error)
    }
  }

  async #requireTable(id: TableIdentifier, store: TableStore, options: IoOptions): Promise<void> {
    if (!(await isTable(store, options))) throw await this.#noTable(id, options)
  }

  async #noTable(id: TableIdentifier, options: IoOptions, cause?: unknown): Promise<LakeError> {
    const tables = await this.tables(id.database, options)
    const path = this.#tablePath(id)
    if (id.branch !== undefined && tables.includes(id.table))
      return noBranch(id.branch, await branchNames(this.io, path, options), path)
    const table = identifierText({ ...id, branch: undefined, systemTable: undefined })
    return notFound(`there is no table ${table}${didYouMean(id.table, tables)}`, { path, cause })
  }

  /**
   * Checks all that is stored of a table, as {@link Table.check} does, also where its latest schema is damaged and the
   * table cannot be opened. NOT_FOUND, with the nearest name, when there is no such table.
   */
  async checkTable(name: string, options: CheckOptions = {}): Promise<CheckReport> {
    const id = this.#plainTable(name)
    const store = this.#store(id)
    const { signal } = options
    await this.#requireTable(id, store, { signal })
    return await checkTable(store, options)
  }

  /** A table with all of its branches. */
  #wholeTable(name: string): TableIdentifier {
    const id = this.#plainTable(name)
    if (id.branch === undefined) return id
    throw invalid(`${identifierText(id)} names a branch of a table`, {
      hint: 'branches are dropped and renamed by the table that they are of',
    })
  }

  #plainTable(name: string): TableIdentifier {
    const id = parseIdentifier(name)
    if (id.systemTable === undefined && id.database !== SYSTEM_DATABASE) return id
    throw invalid(`${name} is a system table`, { hint: 'open it with catalog.systemTable()' })
  }

  #store(id: TableIdentifier): TableStore {
    const root = this.#tablePath(id)
    let store = this.#stores.get(root)
    if (store === undefined) {
      store = openTableStore(this.io, root)
      this.#stores.set(root, store)
    }
    return openBranch(store, id.branch ?? MAIN_BRANCH)
  }

  #databasePath(name: string): string {
    return joinPath(this.warehouse, `${name}${DATABASE_SUFFIX}`)
  }

  #tablePath({ database, table }: TableIdentifier): string {
    return joinPath(this.#databasePath(database), table)
  }

  async #requireDatabase(name: string, options: IoOptions): Promise<void> {
    const databases = await this.databases(options)
    if (databases.includes(name)) return
    throw notFound(`there is no database ${name}${didYouMean(name, databases)}`, {
      path: this.warehouse,
    })
  }

  /** Closes files and connections. The tables of the catalog cannot be used afterwards. */
  async close(): Promise<void> {
    await this.io.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** A table, or a branch of one, is what has a schema. */
async function isTable({ schemas }: TableStore, options: IoOptions): Promise<boolean> {
  return (await schemas.ids(options)).length > 0
}

function globalName({ table, systemTable }: TableIdentifier): string {
  return systemTable === undefined ? table : `${table}$${systemTable}`
}
