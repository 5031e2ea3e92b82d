/** A versitygw server: S3 over a directory, a second real implementation beside the project's own test server. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { access, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { sleep } from '../../../src/util/async.ts'
import { interopDirectory, onceAtATime } from './home.ts'

const run = promisify(execFile)
const MODULE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'
const HOME = join(interopDirectory, 'go')

export interface Versitygw {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  /** Makes a bucket: a directory. */
  createBucket(name: string): Promise<void>
  readonly close: () => Promise<void>
}

/** Where versitygw is, built first if it must be, which takes minutes; null, with a loud line, where Go is missing. */
export async function findVersitygw(): Promise<string | null> {
  const binary = join(HOME, 'versitygw')
  return onceAtATime('versitygw', async () => {
    if (await isThere(binary)) return binary
    try {
      await run('go', ['version'])
    } catch {
      process.stderr.write(
        '\n!!! SKIPPED: versitygw is not tested, because the go command is missing. Install Go to run it. !!!\n\n',
      )
      return null
    }
    process.stderr.write(`building ${MODULE} with go install\n`)
    await run('go', ['install', MODULE], { env: { ...process.env, GOBIN: HOME } })
    return binary
  })
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

export async function startVersitygw(binary: string): Promise<Versitygw> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-versitygw-'))
  const [accessKey, secretKey] = ['millrace', 'millrace-secret']
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const child = spawn(binary, ['--port', `127.0.0.1:${port}`, 'posix', directory], {
    env: { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  try {
    await answering(endpoint, child)
  } catch (error) {
    child.kill()
    throw new Error(`versitygw does not start: ${Buffer.concat(said).toString()}`, { cause: error })
  }
  return {
    endpoint,
    accessKey,
    secretKey,
    createBucket: async (name) => {
      await mkdir(join(directory, name))
    },
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    try {
      await fetch(endpoint)
      return
    } catch {
      await sleep(100)
    }
  }
  throw new Error('it does not answer')
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      )
    })
  })
}
