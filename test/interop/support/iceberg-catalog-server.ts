/** An Iceberg REST catalog that Iceberg's own Java library rules, in a process of its own. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

import { interopDirectory, onceAtATime } from './home.ts'
import { icebergJar, installClients } from './iceberg-clients.ts'

const run = promisify(execFile)
const NAME = 'IcebergCatalogServer'
const SOURCE = join(import.meta.dirname, '../iceberg', `${NAME}.java`)
const CLASSES = join(interopDirectory, 'iceberg', 'catalog-classes')

/** What the server lets in: a writer by its credential, and readers. */
export const CREDENTIAL = 'millrace:very-secret'
const WRITER_TOKEN = 'a-token-of-the-server'
export const READER_TOKEN = 'a-token-of-readers'

type Json = Readonly<Record<string, unknown>>

export class IcebergCatalogServer implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly uri: string

  private constructor(child: ChildProcessWithoutNullStreams, port: string) {
    this.#child = child
    this.uri = `http://127.0.0.1:${port}`
  }

  /** `warehouse` is where the server has its own files. */
  static async start(warehouse: string): Promise<IcebergCatalogServer> {
    await installClients(['java'])
    const jars = dirname(icebergJar)
    const classPath = [join(jars, '*'), join(jars, 'hadoop', '*')].join(':')
    await onceAtATime('iceberg-catalog', async () => {
      await compile(classPath)
    })
    const args = ['-Xmx300m', '-XX:TieredStopAtLevel=1', '-cp', `${CLASSES}:${classPath}`, NAME]
    const child = spawn('java', [...args, warehouse])
    let stderr = ''
    child.stderr.on('data', (part: Buffer) => (stderr += String(part)))
    const { value, done } = await createInterface(child.stdout)[Symbol.asyncIterator]().next()
    if (done === true) throw new Error(`the catalog server ended: ${stderr}`)
    return new IcebergCatalogServer(child, value)
  }

  /** The metadata of a table as the server has it; null where there is none. */
  async table(namespace: string, name: string): Promise<Json | null> {
    const response = await this.#request(namespace, name, 'GET')
    return response.status === 404 ? null : ((await response.json()) as { metadata: Json }).metadata
  }

  async drop(namespace: string, name: string): Promise<void> {
    await this.#request(namespace, name, 'DELETE')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.stdin.end()
    await exit
  }

  async #request(namespace: string, name: string, method: string): Promise<Response> {
    const query = method === 'DELETE' ? '?purgeRequested=false' : ''
    const url = `${this.uri}/v1/lake/namespaces/${namespace}/tables/${name}${query}`
    return await fetch(url, { method, headers: { authorization: `Bearer ${WRITER_TOKEN}` } })
  }
}

async function compile(classPath: string): Promise<void> {
  const [from, to] = await Promise.all(
    [SOURCE, join(CLASSES, `${NAME}.class`)].map((path) => stat(path).catch(() => null)),
  )
  if (to !== null && to !== undefined && to.mtimeMs >= from!.mtimeMs) return
  await mkdir(CLASSES, { recursive: true })
  await run('javac', ['-nowarn', '-Xlint:none', '-cp', classPath, '-d', CLASSES, SOURCE])
}
