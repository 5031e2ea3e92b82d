/**
 * Reads the SQL text of a data type, such as `DECIMAL(10, 2) NOT NULL` or `ARRAY<INT>`.
 *
 * Follows `org.apache.paimon.types.DataTypeJsonParser`: the same aliases, defaults and suffix forms. Beyond it the text
 * of nested types is read too, in the form that Java prints and does not read back.
 */
import { invalid, type LakeError } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { type DataField, type DataType, MAX_LENGTH } from './data-type.ts'

/** Types that nest deeper are refused, in text and in JSON. */
export const MAX_TYPE_DEPTH = 100

/**
 * The type that the text names. Fields of a ROW get the ids 0, 1, ... in the order of the text. With `nested` false
 * only what Java reads is read: no `ARRAY<...>`, `MAP<...>`, `MULTISET<...>` or `ROW<...>`.
 *
 * Throws INVALID with the position and, for a mistyped word, the nearest right one.
 */
export function parseTypeText(text: string, options: { nested?: boolean } = {}): DataType {
  const parser = new TypeParser(text, options.nested ?? true)
  return parser.parse()
}

interface Token {
  readonly kind: 'word' | 'number' | 'mark' | 'name' | 'string' | 'end'
  /** Words in upper case; names and strings without their quotes. */
  readonly text: string
  readonly at: number
}

const TYPE_WORDS: readonly string[] =
  'CHAR VARCHAR STRING BOOLEAN BINARY VARBINARY BYTES DECIMAL NUMERIC DEC TINYINT SMALLINT INT INTEGER BIGINT FLOAT DOUBLE DATE TIME TIMESTAMP TIMESTAMP_LTZ VARIANT BLOB VECTOR ARRAY MAP MULTISET ROW'.split(
    ' ',
  )

class TypeParser {
  readonly #text: string
  readonly #nested: boolean
  readonly #tokens: readonly Token[]
  #next = 0
  #lastFieldId = -1

  constructor(text: string, nested: boolean) {
    this.#text = text
    this.#nested = nested
    this.#tokens = tokenize(text)
  }

  parse(): DataType {
    const type = this.#type(1)
    const token = this.#peek()
    if (token.kind !== 'end') throw this.#error(token, `did not expect "${token.text}"`)
    return type
  }

  #type(depth: number): DataType {
    if (depth > MAX_TYPE_DEPTH)
      throw this.#error(this.#peek(), `the type nests more than ${MAX_TYPE_DEPTH} deep`)
    const bare = this.#bareType(depth)
    const type = { ...bare, nullable: this.#nullability() }
    if (this.#takeWord('ARRAY'))
      return { kind: 'ARRAY', element: type, nullable: this.#nullability() }
    if (this.#takeWord('MULTISET'))
      return { kind: 'MULTISET', element: type, nullable: this.#nullability() }
    return type
  }

  #nullability(): boolean {
    if (this.#takeWords('NOT', 'NULL')) return false
    this.#takeWord('NULL')
    return true
  }

  #bareType(depth: number): DataType {
    const token = this.#take()
    if (token.kind !== 'word') throw this.#error(token, `expected a type`)
    const nullable = true
    switch (token.text) {
      case 'BOOLEAN':
      case 'TINYINT':
      case 'SMALLINT':
      case 'INT':
      case 'BIGINT':
      case 'FLOAT':
      case 'DATE':
      case 'VARIANT':
      case 'BLOB':
        return { kind: token.text, nullable }
      case 'INTEGER':
        return { kind: 'INT', nullable }
      case 'DOUBLE':
        this.#takeWord('PRECISION')
        return { kind: 'DOUBLE', nullable }
      case 'STRING':
        return { kind: 'VARCHAR', length: MAX_LENGTH, nullable }
      case 'BYTES':
        return { kind: 'VARBINARY', length: MAX_LENGTH, nullable }
      case 'CHAR':
      case 'VARCHAR':
      case 'BINARY':
      case 'VARBINARY': {
        const length = this.#parameter(1)
        return this.#checked(token, { kind: token.text, length, nullable })
      }
      case 'DECIMAL':
      case 'NUMERIC':
      case 'DEC':
        return this.#decimal(token)
      case 'TIME':
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ':
        return this.#temporal(token)
      case 'VECTOR':
        return this.#vector(token, depth)
      default:
        return this.#container(token, depth)
    }
  }

  #decimal(token: Token): DataType {
    let precision = 10
    let scale = 0
    if (this.#takeMark('(')) {
      precision = this.#number()
      if (this.#takeMark(',')) scale = this.#number()
      this.#expectMark(')')
    }
    return this.#checked(token, { kind: 'DECIMAL', precision, scale, nullable: true })
  }

  #temporal(token: Token): DataType {
    const precision = this.#parameter(token.text === 'TIME' ? 0 : 6)
    let kind = token.text as 'TIME' | 'TIMESTAMP' | 'TIMESTAMP_LTZ'
    if (kind !== 'TIMESTAMP_LTZ') {
      if (this.#takeWord('WITHOUT')) this.#expectWords('TIME', 'ZONE')
      else if (kind === 'TIMESTAMP' && this.#takeWord('WITH')) {
        this.#expectWords('LOCAL', 'TIME', 'ZONE')
        kind = 'TIMESTAMP_LTZ'
      }
    }
    return this.#checked(token, { kind, precision, nullable: true })
  }

  #vector(token: Token, depth: number): DataType {
    this.#expectMark('<')
    const element = this.#type(depth + 1)
    this.#expectMark(',')
    const length = this.#number()
    this.#expectMark('>')
    return this.#checked(token, { kind: 'VECTOR', element, length, nullable: true })
  }

  #container(token: Token, depth: number): DataType {
    const kind = token.text
    const isContainer = kind === 'ARRAY' || kind === 'MULTISET' || kind === 'MAP' || kind === 'ROW'
    if (!isContainer)
      throw this.#error(token, `"${kind}" is no type${didYouMean(kind, TYPE_WORDS)}`)
    if (!this.#nested)
      throw this.#error(token, `${kind} has to be written as a JSON object in a schema file`)
    this.#expectMark('<')
    const type = this.#containerBody(kind, depth)
    this.#expectMark('>')
    return type
  }

  #containerBody(kind: 'ARRAY' | 'MULTISET' | 'MAP' | 'ROW', depth: number): DataType {
    if (kind === 'ROW') return { kind, fields: this.#fields(depth), nullable: true }
    const first = this.#type(depth + 1)
    if (kind !== 'MAP') return { kind, element: first, nullable: true }
    this.#expectMark(',')
    return { kind, key: first, value: this.#type(depth + 1), nullable: true }
  }

  #fields(depth: number): DataField[] {
    const fields: DataField[] = []
    if (this.#peek().text === '>') return fields
    do {
      const token = this.#take()
      if (token.kind !== 'name' && token.kind !== 'word')
        throw this.#error(token, 'expected the name of a field')
      const name = token.kind === 'name' ? token.text : this.#text.slice(token.at).match(WORD)![0]
      const id = ++this.#lastFieldId
      const type = this.#type(depth + 1)
      const description = this.#takeWord('COMMENT') ? this.#string() : undefined
      fields.push({ id, name, type, ...(description !== undefined && { description }) })
    } while (this.#takeMark(','))
    const problem = rowProblem(fields)
    if (problem !== undefined) throw this.#error(this.#peek(), problem)
    return fields
  }

  #parameter(byDefault: number): number {
    if (!this.#takeMark('(')) return byDefault
    const value = this.#number()
    this.#expectMark(')')
    return value
  }

  #number(): number {
    const token = this.#take()
    if (token.kind !== 'number') throw this.#error(token, 'expected a whole number')
    const value = Number(token.text)
    if (value > MAX_LENGTH) throw this.#error(token, `${token.text} is too large`)
    return value
  }

  #string(): string {
    const token = this.#take()
    if (token.kind !== 'string') throw this.#error(token, "expected a text in '...'")
    return token.text
  }

  #checked(token: Token, type: DataType): DataType {
    const problem = typeProblem(type)
    if (problem !== undefined) throw this.#error(token, problem)
    return type
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!
  }

  #take(): Token {
    const token = this.#peek()
    this.#next++
    return token
  }

  #takeWord(word: string): boolean {
    return this.#takeWords(word)
  }

  #takeWords(...words: string[]): boolean {
    for (const [i, word] of words.entries()) {
      const token = this.#peek(i)
      if (token.kind !== 'word' || token.text !== word) return false
    }
    this.#next += words.length
    return true
  }

  #expectWords(...words: string[]): void {
    for (const word of words) {
      const token = this.#peek()
      if (!this.#takeWord(word)) throw this.#error(token, `expected ${word}`)
    }
  }

  #takeMark(mark: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'mark' || token.text !== mark) return false
    this.#next++
    return true
  }

  #expectMark(mark: string): void {
    const token = this.#peek()
    if (!this.#takeMark(mark)) throw this.#error(token, `expected "${mark}"`)
  }

  #error(token: Token, problem: string): LakeError {
    return typeTextError(this.#text, token.at, problem)
  }
}

/** Why the type's own numbers are not allowed, as the constructors of the Java types check them; undefined when they are. */
export function typeProblem(type: DataType): string | undefined {
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      if (type.length >= 1 && type.length <= MAX_LENGTH) return undefined
      return `the length of ${type.kind} must be between 1 and ${MAX_LENGTH}, not ${type.length}`
    case 'DECIMAL':
      if (type.precision < 1 || type.precision > 38)
        return `the precision of DECIMAL must be between 1 and 38, not ${type.precision}`
      if (type.scale >= 0 && type.scale <= type.precision) return undefined
      return `the scale of DECIMAL must be between 0 and its precision ${type.precision}, not ${type.scale}`
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      if (type.precision >= 0 && type.precision <= 9) return undefined
      return `the precision of ${type.kind} must be between 0 and 9, not ${type.precision}`
    case 'VECTOR':
      if (!VECTOR_ELEMENTS.has(type.element.kind))
        return `a VECTOR holds numbers or booleans, not ${type.element.kind}`
      if (type.length >= 1 && type.length <= MAX_LENGTH) return undefined
      return `the length of VECTOR must be between 1 and ${MAX_LENGTH}, not ${type.length}`
    case 'ROW':
      return rowProblem(type.fields)
    default:
      return undefined
  }
}

const VECTOR_ELEMENTS: ReadonlySet<string> = new Set([
  'BOOLEAN',
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'FLOAT',
  'DOUBLE',
])

function rowProblem(fields: readonly DataField[]): string | undefined {
  const names = new Set<string>()
  for (const { name } of fields) {
    if (name.trim() === '') return 'the name of a field must not be blank'
    if (names.has(name)) return `two fields are named "${name}"`
    names.add(name)
  }
  return undefined
}

/** A word runs to the next blank or mark, as in Java; quotes and digits may be part of it. */
const WORD = /[^\s<>(),.]+/
const TOKEN =
  /\s*(?:(?<mark>[<>(),.])|(?<number>\d+)|(?<string>'(?:[^']|'')*'?)|(?<name>`(?:[^`]|``)*`?)|(?<word>[^\s<>(),.]+))/gy

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  const pattern = new RegExp(TOKEN)
  for (;;) {
    const match = pattern.exec(text)
    if (match === null) break
    const at = pattern.lastIndex - match[0].trimStart().length
    tokens.push(tokenOf(text, match.groups!, at))
  }
  tokens.push({ kind: 'end', text: 'the end', at: text.length })
  return tokens
}

function tokenOf(text: string, groups: Record<string, string | undefined>, at: number): Token {
  const { mark, number, string, name, word } = groups
  if (mark !== undefined) return { kind: 'mark', text: mark, at }
  if (number !== undefined) return { kind: 'number', text: number, at }
  if (word !== undefined) return { kind: 'word', text: word.toUpperCase(), at }
  const quoted = (string ?? name)!
  const quote = quoted[0]!
  if (quoted.length < 2 || !quoted.endsWith(quote))
    throw typeTextError(text, at, `the quote ${quote} is not closed`)
  const inner = quoted.slice(1, -1).replaceAll(quote + quote, quote)
  return { kind: string === undefined ? 'name' : 'string', text: inner, at }
}

function typeTextError(text: string, at: number, problem: string): LakeError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text
  return invalid(`type "${shown}" at character ${at + 1}: ${problem}`)
}
