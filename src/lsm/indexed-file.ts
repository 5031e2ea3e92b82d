/** Lets the indexes of a data file see its rows as they are written, and stores them with it. */
import { FileIndexWriter } from '../indexes/file-index/write/file-index-writer.ts'
import type { FileTarget } from './file-target.ts'
import { observed, type OpenedFile, type StoredIndexes } from './rolling-writer.ts'

/** Indexes up to a size lie in the manifest, and larger ones in `NAME.index` beside the file. */
export function indexed(target: FileTarget, file: OpenedFile): OpenedFile {
  const { indexes, fields, schema } = target
  const index = new FileIndexWriter(indexes, fields.length - schema.fields.length)
  const { name, path, writer } = file
  return {
    ...file,
    writer: observed(writer, index),
    finishIndex: async () => await store(target, name, path, index.finish()),
  }
}

async function store(
  { io, options, signal }: FileTarget,
  name: string,
  path: string,
  bytes: Uint8Array,
): Promise<StoredIndexes> {
  if (bytes.length <= options.get('file-index.in-manifest-threshold'))
    return { embeddedIndex: bytes, extraFiles: [] }
  const extra = { name: `${name}.index`, path: `${path}.index` }
  await io.write(extra.path, bytes, { signal })
  return { embeddedIndex: null, extraFiles: [extra] }
}
