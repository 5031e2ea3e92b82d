/** Reads changes of schemas as texts close to SQL, such as `ADD COLUMN note STRING AFTER id`. */
import { invalid, type LakeError } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { show } from '../util/show.ts'
import { CHANGE_FORMS } from './change-forms.ts'
import type { ColumnPosition, SchemaChange } from './schema-change.ts'
import { parseTypeText } from './type-text.ts'

/**
 * The change that the text says. Paths are names with dots between; a name that is no plain word stands in double quotes or
 * backticks, texts in single quotes. Throws INVALID with what was expected.
 */
export function parseSchemaChange(text: string): SchemaChange {
  const option = /^\s*SET\s+([^\s=]+)\s*=(.*)$/is.exec(text)
  if (option !== null)
    return { action: 'setOption', name: option[1]!, value: withoutQuotes(option[2]!.trim()) }
  const removed = /^\s*RESET\s+(\S+)\s*$/i.exec(text)
  if (removed !== null) return { action: 'removeOption', name: removed[1]! }
  const parser = new ChangeParser(text)
  const change = parser.change()
  parser.end()
  return change
}

interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'mark' | 'end'
  /** Without quotes. */
  readonly text: string
  readonly at: number
}

const STARTS = ['ADD', 'DROP', 'RENAME', 'ALTER', 'SET', 'RESET', 'COMMENT']

class ChangeParser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #next = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokenize(text)
  }

  change(): SchemaChange {
    const { kind, text } = this.#peek()
    const word = kind === 'word' ? text.toUpperCase() : ''
    switch (word) {
      case 'ADD':
        return this.#add()
      case 'DROP':
        return this.#drop()
      case 'RENAME':
        this.#words('RENAME')
        this.#take('COLUMN')
        return { action: 'renameColumn', column: this.#path(), to: this.#nameAfter('TO') }
      case 'ALTER':
        this.#words('ALTER')
        this.#take('COLUMN')
        return this.#alter(this.#path())
      case 'COMMENT':
        this.#words('COMMENT')
        return { action: 'updateComment', comment: this.#string() }
      default:
        throw this.#error(`${show(text)} begins no change${didYouMean(text, STARTS)}`)
    }
  }

  end(): void {
    const { kind, text } = this.#peek()
    if (kind !== 'end') throw this.#error(`did not expect ${show(text)}`)
  }

  #add(): SchemaChange {
    this.#words('ADD')
    this.#take('COLUMN')
    const column = this.#path()
    const type = this.#type()
    const comment = this.#take('COMMENT') ? this.#string() : undefined
    const position = this.#position()
    return { action: 'addColumn', column, type, comment, position }
  }

  #drop(): SchemaChange {
    this.#words('DROP')
    if (this.#isWord('PRIMARY') && this.#isWord('KEY', 1)) {
      this.#words('PRIMARY', 'KEY')
      return { action: 'dropPrimaryKey' }
    }
    if (this.#isWord('COMMENT') && this.#tokens[this.#next + 1]!.kind === 'end') {
      this.#words('COMMENT')
      return { action: 'updateComment', comment: null }
    }
    // A column may be named so.
    if (this.#isWord('COLUMN') && this.#tokens[this.#next + 1]!.kind !== 'end') this.#next++
    return { action: 'dropColumn', column: this.#path() }
  }

  #alter(column: readonly string[]): SchemaChange {
    if (this.#take('TYPE')) {
      const type = parseTypeText(this.#type())
      // NOT NULL is changed where it is asked for, and else left alone.
      return { action: 'updateColumnType', column, type, keepNullability: type.nullable }
    }
    if (this.#take('COMMENT'))
      return { action: 'updateColumnComment', column, comment: this.#string() }
    if (this.#take('SET')) {
      if (this.#take('DEFAULT'))
        return { action: 'updateColumnDefaultValue', column, defaultValue: this.#value() }
      this.#words('NOT', 'NULL')
      return { action: 'updateColumnNullability', column, nullable: false }
    }
    if (this.#take('DROP')) {
      if (this.#take('DEFAULT'))
        return { action: 'updateColumnDefaultValue', column, defaultValue: null }
      if (this.#take('COMMENT')) return { action: 'updateColumnComment', column, comment: null }
      this.#words('NOT', 'NULL')
      return { action: 'updateColumnNullability', column, nullable: true }
    }
    const position = this.#position()
    if (position === undefined)
      throw this.#error('expected TYPE, SET, DROP, COMMENT, FIRST, LAST, AFTER or BEFORE')
    if (column.length > 1) throw this.#error('only columns can be moved, and not fields in them')
    return { action: 'updateColumnPosition', column: column[0]!, position }
  }

  #position(): ColumnPosition | undefined {
    if (this.#take('FIRST')) return 'first'
    if (this.#take('LAST')) return 'last'
    if (this.#take('AFTER')) return { after: this.#name() }
    if (this.#take('BEFORE')) return { before: this.#name() }
    return undefined
  }

  /** The text up to the next word that ends a type, which one in angle brackets does not. */
  #type(): string {
    const from = this.#peek().at
    let depth = 0
    for (; this.#peek().kind !== 'end'; this.#next++) {
      const { kind, text } = this.#peek()
      if (kind === 'mark' && text === '<') depth++
      else if (kind === 'mark' && text === '>') depth--
      else if (depth === 0 && kind === 'word' && AFTER_TYPE.has(text.toUpperCase())) break
    }
    const type = this.#text.slice(from, this.#peek().at).trim()
    if (type === '') throw this.#error('expected a type')
    return type
  }

  #path(): readonly string[] {
    const names = [this.#name()]
    while (this.#peek().kind === 'mark' && this.#peek().text === '.') {
      this.#next++
      names.push(this.#name())
    }
    return names
  }

  #name(): string {
    const { kind, text } = this.#peek()
    if (kind !== 'word' && kind !== 'name') throw this.#error('expected the name of a column')
    this.#next++
    return text
  }

  #nameAfter(word: string): string {
    this.#words(word)
    return this.#name()
  }

  #string(): string {
    const { kind, text } = this.#peek()
    if (kind !== 'string') throw this.#error('expected a text in single quotes')
    this.#next++
    return text
  }

  /** A text in quotes, or all that is left. */
  #value(): string {
    if (this.#peek().kind === 'string') return this.#string()
    const value = this.#text.slice(this.#peek().at).trim()
    if (value === '') throw this.#error('expected a value')
    this.#next = this.#tokens.length - 1
    return value
  }

  #words(...words: readonly string[]): void {
    for (const word of words) if (!this.#take(word)) throw this.#error(`expected ${word}`)
  }

  #take(word: string): boolean {
    if (!this.#isWord(word)) return false
    this.#next++
    return true
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#tokens[this.#next + ahead]
    return token?.kind === 'word' && token.text.toUpperCase() === word
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #error(problem: string): LakeError {
    const place = this.#peek().kind === 'end' ? 'at the end' : `at character ${this.#peek().at + 1}`
    return invalid(`${problem}, ${place} of the change ${show(this.#text)}`, {
      hint: `changes are ${CHANGE_FORMS.join('; ')}`,
    })
  }
}

const AFTER_TYPE: ReadonlySet<string> = new Set(['COMMENT', 'FIRST', 'LAST', 'AFTER', 'BEFORE'])

const TOKEN =
  /\s*(?:([\p{L}_][\p{L}\p{N}_$]*)|"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|'((?:[^']|'')*)'|(\S))/uy

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [all, word, double, back, string, mark] = match
    const at = match.index + (all.length - all.trimStart().length)
    if (word !== undefined) tokens.push({ kind: 'word', text: word, at })
    else if (double !== undefined)
      tokens.push({ kind: 'name', text: double.replaceAll('""', '"'), at })
    else if (back !== undefined) tokens.push({ kind: 'name', text: back.replaceAll('``', '`'), at })
    else if (string !== undefined)
      tokens.push({ kind: 'string', text: string.replaceAll("''", "'"), at })
    else tokens.push({ kind: 'mark', text: mark!, at })
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }]
}

function withoutQuotes(text: string): string {
  const quoted = /^'((?:[^']|'')*)'$/s.exec(text)
  return quoted === null ? text : quoted[1]!.replaceAll("''", "'")
}
