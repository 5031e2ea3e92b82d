/** The part of parquetjs-lite that the tests use; it comes without types. */
declare module 'parquetjs-lite' {
  interface Cursor {
    next(): Promise<Record<string, unknown> | null>
  }

  interface Reader {
    getCursor(): Cursor
    close(): Promise<void>
  }

  const parquet: { readonly ParquetReader: { openFile(path: string): Promise<Reader> } }
  export default parquet
}
