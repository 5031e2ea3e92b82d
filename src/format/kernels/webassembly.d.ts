/** What is used of the standard `WebAssembly` object, whose types come with those of browsers only. */
declare namespace WebAssembly {
  type Module = object
  interface Instance {
    readonly exports: Record<string, unknown>
  }
  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  const Module: new (bytes: Uint8Array) => Module
  const Instance: new (module: Module) => Instance
}
