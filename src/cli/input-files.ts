/** The inputs of commands: stdin, files, and what patterns name. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'

import { decodedText } from '../format/exchange/text.ts'
import { invalid, LakeError, notFound } from '../util/errors.ts'
import type { CliStreams } from './streams.ts'

/** What is typed for stdin. */
export const STDIN = '-'

/** The larger texts of the command line (schemas, catalog files) are refused. */
const TEXT_BYTES_MAX = 16 << 20

const INPUT_HINT = "name a file, a pattern in quotes such as 'in/*.csv', or - for stdin"

/** An input, by the name that errors give it. */
export interface Input {
  readonly name: string
  /** Null for stdin. */
  readonly file: string | null
  /** Whether it can be read from any place on. */
  readonly seekable: boolean
}

/**
 * The inputs that the words name: files that are there by their names, else all that a pattern matches. NOT_FOUND for a
 * word that names nothing; INVALID where stdin is named twice.
 */
export async function inputsOf(words: readonly string[]): Promise<Input[]> {
  const inputs: Input[] = []
  for (const word of words.length === 0 ? [STDIN] : words) {
    if (word === STDIN) inputs.push({ name: 'stdin', file: null, seekable: false })
    else inputs.push(...(await filesOf(word)))
  }
  if (inputs.filter(({ file }) => file === null).length > 1) throw invalid('stdin is named twice')
  return inputs
}

async function filesOf(word: string): Promise<Input[]> {
  const status = await stat(word).catch(() => null)
  if (status?.isDirectory() === true)
    throw invalid('the input is a directory', { path: word, hint: `name its files: '${word}/*'` })
  if (status !== null) return [{ name: word, file: word, seekable: status.isFile() }]
  const { default: glob } = await import('fast-glob')
  const files = glob.isDynamicPattern(word) ? await glob(word, { dot: true }) : []
  if (files.length === 0)
    throw notFound('there is no such input file', { path: word, hint: INPUT_HINT })
  return files.toSorted().map((file) => ({ name: file, file, seekable: true }))
}

/** The bytes of the input, until the signal fires. */
export function inputBytes({ file }: Input, streams: CliStreams): Readable {
  const stream = file === null ? streams.stdin : createReadStream(file)
  return addAbortSignal(streams.signal, stream)
}

/** A short text from a file or from stdin. */
export async function readTextFile(file: string, streams: CliStreams): Promise<string> {
  const input: Input = { name: file, file: file === STDIN ? null : file, seekable: false }
  const name = file === STDIN ? 'stdin' : file
  let text = ''
  try {
    for await (const part of decodedText(inputBytes(input, streams), name)) {
      text += part
      if (text.length > TEXT_BYTES_MAX) throw invalid('the text is too long', { path: name })
    }
  } catch (error) {
    throw inputError(error, name, streams.signal)
  }
  return text
}

/** What a failure to read an input is reported as. */
export function inputError(error: unknown, name: string, signal: AbortSignal): unknown {
  if (signal.aborted) return new LakeError('ABORTED', 'the operation was aborted', { cause: error })
  if (error instanceof LakeError) return inputLakeError(error, name)
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return notFound('there is no such file', { path: name, cause: error, hint: 'look at its name' })
  if (code === 'EISDIR')
    return invalid('this is a directory, not a file', { path: name, hint: 'name a file' })
  if (code === undefined || typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error
  return new LakeError('IO', `the file cannot be read (${code})`, { path: name, cause: error })
}

function inputLakeError(error: LakeError, name: string): LakeError {
  const { code, path, cause, hint } = error
  if (code === 'CORRUPT' && hint === undefined && (path === name || path === resolve(name)))
    return new LakeError(code, error.message, { path, cause, hint: DAMAGED_INPUT })
  if (code !== 'INVALID' || path !== undefined) return error
  return invalid(error.message, { path: name, hint, cause })
}

const DAMAGED_INPUT = 'the input is damaged, or of another format: --format says which it is'
