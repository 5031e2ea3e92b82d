/** Python as the other side: an environment in `.interop/python` with the packages of `test/interop/python/requirements.txt`. */
import { execFile } from 'node:child_process'
import { copyFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { interopDirectory, onceAtATime } from './home.ts'

const run = promisify(execFile)
const SOURCES = join(import.meta.dirname, '../python')
const HOME = join(interopDirectory, 'python')
const REQUIREMENTS = join(SOURCES, 'requirements.txt')
const DONE = join(HOME, 'requirements.txt')

/** The interpreter, with its packages installed first if need be. Without Python 3 the suite fails. */
export async function findPython(): Promise<string> {
  const python = join(HOME, 'bin', 'python')
  await onceAtATime('python', async () => {
    const wanted = await readFile(REQUIREMENTS, 'utf8')
    if ((await readFile(DONE, 'utf8').catch(() => null)) === wanted) return
    process.stderr.write('installing the packages of requirements.txt with pip\n')
    await rm(HOME, { recursive: true, force: true })
    try {
      await run('python3', ['-m', 'venv', HOME])
    } catch (error) {
      throw new Error(
        'interop with Python cannot be tested, because python3 -m venv fails: install Python 3 with venv',
        { cause: error },
      )
    }
    await run(python, ['-m', 'pip', 'install', '--quiet', '-r', REQUIREMENTS])
    await copyFile(REQUIREMENTS, DONE)
  })
  return python
}

/** What a script of `test/interop/python` prints, line by line. */
export async function runScript(
  python: string,
  script: string,
  args: readonly string[],
): Promise<string[]> {
  const { stdout } = await run(python, [join(SOURCES, script), ...args], { maxBuffer: 1 << 28 })
  return stdout.split('\n').filter((line) => line !== '')
}
