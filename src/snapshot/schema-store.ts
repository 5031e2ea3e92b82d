/** Finds, reads and creates the schema files of a table or a branch. Follows `SchemaManager`. */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { parseSchemaFile, schemaFileText, type TableSchema } from '../types/schema-file.ts'
import { assert } from '../util/assert.ts'
import { corrupt, LakeError, notFound } from '../util/errors.ts'
import { createBackoff, type RetryOptions } from '../util/retry.ts'
import { numbersAfter, readIfThere } from './metadata-files.ts'
import { SCHEMA_PREFIX, schemaDirectory, schemaPath, type TableLocation } from './paths.ts'

export class SchemaStore {
  readonly location: TableLocation
  readonly #io: FileIO
  /** Schema files never change, but where a branch becomes another. */
  readonly #read = new Map<number, TableSchema>()

  constructor(io: FileIO, location: TableLocation) {
    this.#io = io
    this.location = location
  }

  /** The ids of all schemas, ascending. */
  async ids(options?: IoOptions): Promise<number[]> {
    const directory = schemaDirectory(this.location)
    return await numbersAfter(this.#io, directory, SCHEMA_PREFIX, 0, options)
  }

  /** The id of the latest schema. NOT_FOUND when there is none, which means that there is no such table. */
  async latestId(options?: IoOptions): Promise<number> {
    const latest = (await this.ids(options)).at(-1)
    if (latest !== undefined) return latest
    throw notFound('there is no table: it has no schema', { path: this.location.root })
  }

  async readLatest(options?: IoOptions): Promise<TableSchema> {
    return this.read(await this.latestId(options), options)
  }

  /** The schema with the id; NOT_FOUND, naming those that are there, when it is not one of them. */
  async read(schemaId: number, options?: IoOptions): Promise<TableSchema> {
    const known = this.#read.get(schemaId)
    if (known !== undefined) return known
    const bytes = await this.#readBytes(schemaId, options)
    if (bytes === null) throw await this.#missing(schemaId, options)
    const path = schemaPath(this.location, schemaId)
    const schema = parseSchemaFile(new TextDecoder().decode(bytes), path)
    if (schema.id !== schemaId) throw corrupt(`says that its id is ${schema.id}`, { path })
    this.#read.set(schemaId, schema)
    return schema
  }

  /**
   * Creates the file of a schema if its id is free: true when this call did it. OUTCOME_UNKNOWN when the storage could
   * not be reached to find out.
   */
  async create(schema: TableSchema, options?: IoOptions): Promise<boolean> {
    const bytes = new TextEncoder().encode(schemaFileText(schema))
    const created = await this.#createOnce(schema.id, bytes, options)
    if (created) this.#read.set(schema.id, schema)
    return created
  }

  /**
   * Puts a new schema after the latest: `change` makes it from the latest one (null for a table that is not there), or
   * answers null to change nothing. When another writer was faster it is asked again with that writer's schema.
   */
  async change(
    change: (latest: TableSchema | null) => TableSchema | null,
    options: RetryOptions = {},
  ): Promise<TableSchema | null> {
    const backoff = createBackoff({ delayMsBase: 10, tryCountMax: 100, ...options })
    for (;;) {
      const latestId = (await this.ids(options)).at(-1)
      const latest = latestId === undefined ? null : await this.read(latestId, options)
      const schema = change(latest)
      if (schema === null) return latest
      assert(schema.id === (latestId ?? -1) + 1, 'a new schema has the next id')
      if (await this.create(schema, options)) return schema
      if (!(await backoff.next()))
        throw new LakeError('CONFLICT', 'other writers changed the schema each time', {
          path: schemaDirectory(this.location),
          retriable: true,
        })
    }
  }

  /** Reads schemas anew from here on: those of the branch are others now. */
  forget(): void {
    this.#read.clear()
  }

  async #createOnce(id: number, bytes: Uint8Array, options?: IoOptions): Promise<boolean> {
    try {
      return await this.#io.create(schemaPath(this.location, id), bytes, options)
    } catch (error) {
      if (!(error instanceof LakeError) || error.code !== 'OUTCOME_UNKNOWN') throw error
      const current = await this.#readBytes(id)
      if (current === null) throw error
      return Buffer.compare(current, bytes) === 0
    }
  }

  async #readBytes(schemaId: number, options?: IoOptions): Promise<Uint8Array | null> {
    return await readIfThere(this.#io, schemaPath(this.location, schemaId), options)
  }

  async #missing(schemaId: number, options?: IoOptions): Promise<LakeError> {
    const ids = await this.ids(options)
    return notFound(`there is no schema ${schemaId}`, {
      path: schemaDirectory(this.location),
      hint: ids.length === 0 ? undefined : `the table has the schemas ${ids[0]} to ${ids.at(-1)}`,
    })
  }
}
