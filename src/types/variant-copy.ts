/**
 * Takes an encoded VARIANT value into a builder, with the keys in the numbers of that builder.
 *
 * Follows `GenericVariantBuilder.appendVariant` of Java.
 */
import { corrupt } from '../util/errors.ts'
import type { VariantBuilder, VariantField } from './variant-builder.ts'
import {
  arrayLayout,
  BASIC,
  checkVariantVersion,
  type ContainerLayout,
  keyIdAt,
  malformedVariant,
  objectLayout,
  partAt,
  scalarBytes,
  VARIANT_DEPTH_MAX,
  variantKey,
  variantView,
} from './variant-layout.ts'

/** The keys of a metadata, each decoded once. */
export class VariantKeys {
  readonly #metadata: Uint8Array
  readonly #keys: string[] = []

  constructor(metadata: Uint8Array) {
    checkVariantVersion(metadata)
    this.#metadata = metadata
  }

  /** Whether they are those of the metadata. */
  areOf(metadata: Uint8Array): boolean {
    return Buffer.compare(metadata, this.#metadata) === 0
  }

  at(id: number): string {
    this.#keys[id] ??= variantKey(this.#metadata, id)
    return this.#keys[id]
  }
}

/** An encoded value; CORRUPT when its bytes contradict themselves. */
export class EncodedVariant {
  readonly #value: Uint8Array
  readonly #view: DataView
  readonly #keys: VariantKeys
  /** Bytes that are still unread: parts that overlap could otherwise make a few bytes an endless value. */
  #unread: number

  constructor(value: Uint8Array, keys: VariantKeys) {
    this.#value = value
    this.#view = variantView(value)
    this.#keys = keys
    this.#unread = value.length
  }

  appendTo(builder: VariantBuilder): void {
    this.#append(builder, 0, 0)
  }

  /** Appends the values of an object's fields, and the fields to `fields`. CORRUPT for what is no object. */
  appendFields(builder: VariantBuilder, start: number, fields: VariantField[]): void {
    if (this.#header(0) !== BASIC.object) throw malformedVariant()
    this.#appendFields(builder, { at: 0, depth: 0, start, fields })
  }

  #append(builder: VariantBuilder, at: number, depth: number): void {
    if (depth > VARIANT_DEPTH_MAX)
      throw corrupt(`a variant nests more than ${VARIANT_DEPTH_MAX} deep`)
    const start = builder.position
    switch (this.#header(at)) {
      case BASIC.object: {
        const fields: VariantField[] = []
        this.#appendFields(builder, { at, depth, start, fields })
        builder.finishObject(start, fields)
        break
      }
      case BASIC.array: {
        const layout = this.#enter(arrayLayout(this.#view, at), at)
        const offsets: number[] = []
        for (let i = 0; i < layout.count; i++) {
          offsets.push(builder.position - start)
          this.#append(builder, partAt(this.#view, layout, i), depth + 1)
        }
        builder.finishArray(start, offsets)
        break
      }
      default: {
        const bytes = scalarBytes(this.#view, at)
        this.#consume(bytes)
        if (at + bytes > this.#value.length) throw malformedVariant()
        builder.appendEncoded(this.#value.subarray(at, at + bytes))
      }
    }
  }

  #appendFields(
    builder: VariantBuilder,
    object: { at: number; depth: number; start: number; fields: VariantField[] },
  ): void {
    const { at, depth, start, fields } = object
    const layout = this.#enter(objectLayout(this.#view, at), at)
    for (let i = 0; i < layout.count; i++) {
      const key = this.#keys.at(keyIdAt(this.#view, layout, i))
      fields.push(builder.field(key, start))
      this.#append(builder, partAt(this.#view, layout, i), depth + 1)
    }
  }

  /** The basic type of the value at a place. */
  #header(at: number): number {
    if (at >= this.#value.length) throw malformedVariant()
    return this.#value[at]! & 3
  }

  #enter(layout: ContainerLayout, at: number): ContainerLayout {
    this.#consume(layout.data - at)
    return layout
  }

  #consume(bytes: number): void {
    this.#unread -= bytes
    if (this.#unread < 0) throw malformedVariant()
  }
}
