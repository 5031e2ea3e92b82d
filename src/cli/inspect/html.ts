/** HTML that cannot say what others wrote: every text is escaped, and only what was made here is taken as it is. */
import { bytesText, printable } from '../printable.ts'

/** Text of a page that needs no escaping. */
export interface Markup {
  readonly markup: string
}

type Part = string | number | Markup | readonly Markup[]

/** Texts of others are cut at so many characters: a type or a key may be of any length. */
const TEXT_MAX = 1_000

/** Markup from a template; texts and numbers in it are escaped, in attributes too, which are always quoted. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const texts = dense(strings)
  const markup = texts.map((text, i) => (i < parts.length ? text + markupOf(parts[i]!) : text))
  return { markup: markup.join('') }
}

const DENSE = new WeakMap<TemplateStringsArray, readonly string[]>()

/** The texts of a template without the indentation of the source, which would be most of a page of many files. */
function dense(strings: TemplateStringsArray): readonly string[] {
  let texts = DENSE.get(strings)
  if (texts === undefined) {
    texts = strings.map((text) => text.replaceAll(/\n\s*/g, '\n'))
    DENSE.set(strings, texts)
  }
  return texts
}

export const NOTHING: Markup = { markup: '' }

function markupOf(part: Part): string {
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return escaped(part)
  if ('markup' in part) return part.markup
  return part.map(({ markup }) => markup).join('')
}

/** On one line, with control characters and those that turn the direction of writing shown as escapes. */
function escaped(text: string): string {
  const short = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text
  return printable(short.toWellFormed()).replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`)
}

const COUNTS = new Intl.NumberFormat('en')

/** `12,345` */
export function countText(count: number): string {
  return COUNTS.format(count)
}

/** `1 file`, `12,345 files` */
export function some(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `+12`, `−3` */
export function signed(count: number): string {
  return count < 0 ? `−${countText(-count)}` : `+${countText(count)}`
}

/** `3 kB`, or a dash for what is not known. */
export function sizeText(bytes: number | null): string {
  return bytes === null ? '–' : bytesText(bytes)
}

/** `2026-11-21 08:30:05`; what is no time is shown as its number. */
export function timeText(millis: number | null): string {
  if (millis === null) return '–'
  const date = new Date(millis)
  if (Number.isNaN(date.getTime())) return `${millis} ms`
  return date.toISOString().slice(0, -5).replace('T', ' ')
}

/** A number for a coordinate. */
export function at(value: number): string {
  return String(Math.round(value * 100) / 100)
}
