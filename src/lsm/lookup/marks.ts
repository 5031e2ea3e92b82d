/** Rows that are to be marked as deleted, gathered until it is sure that what replaces them is there. */
import type { BucketDeletions } from '../../indexes/bucket-deletions.ts'
import { probesByFile } from './found-windows.ts'
import type { FoundRows } from './upper-files.ts'

export class Marks {
  readonly #positions = new Map<string, Uint32Array[]>()

  /** Adds rows that were found; those of each file lie behind those that were added before. */
  add({ files, fileOf, positions }: FoundRows): void {
    for (const [file, probes] of probesByFile(fileOf, files.length)) {
      const { fileName } = files[file]!.meta
      const list = this.#positions.get(fileName) ?? []
      list.push(probes.map((probe) => positions[probe]!))
      this.#positions.set(fileName, list)
    }
  }

  apply(deletions: BucketDeletions): void {
    for (const [fileName, lists] of this.#positions) {
      const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0))
      let at = 0
      for (const list of lists) {
        all.set(list, at)
        at += list.length
      }
      deletions.delete(fileName, all)
    }
  }
}
