/**
 * Predicates as SQL text: `k = 12345 and (name like 'a%' or dt in ('2026-11-01', '2026-11-02')) and not (x is null)`.
 *
 *     or       := and { OR and }
 *     and      := unary { AND unary }
 *     unary    := NOT unary | '(' or ')' | test
 *     test     := column [= <> != < <= > >= literal | IS [NOT] NULL | [NOT] IN '(' literal, ... ')'
 *                 | [NOT] BETWEEN literal AND literal | [NOT] LIKE text]
 *               | literal (= <> != < <= > >=) column
 *               | (STARTS_WITH | ENDS_WITH | CONTAINS) '(' column ',' text ')'
 *               | TRUE | FALSE
 *
 * A column alone is a BOOLEAN one that must be true. Column names are taken as they are written; odd ones stand in
 * double quotes or backquotes. Keywords are the same in any case.
 */
import type { LakeError } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import type { DataField, DataType } from './data-type.ts'
import {
  and,
  between,
  contains,
  endsWith,
  eq,
  gt,
  gte,
  isIn,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  ne,
  not,
  or,
  type Predicate,
  startsWith,
} from './predicate.ts'
import { typeText } from './type-text.ts'
import { misplaced, tokenizeWhere, type WhereToken } from './where-tokens.ts'

/** Deeper nesting is refused before it can overflow the stack. */
const MAX_DEPTH = 100

/**
 * Parses a condition on rows of the fields. Literals become what the builders of `predicate.ts` take for the column's
 * type: numbers, bigints for BIGINT, strings for DECIMAL, dates and times, bytes for BINARY (`X'0aff'`).
 *
 * Throws INVALID with a caret under the mistake and, for a mistyped column, the nearest one.
 */
export function parseWhere(text: string, fields: readonly DataField[]): Predicate {
  return new WhereParser(text, fields).parse()
}

const COMPARISONS = { '=': eq, '<>': ne, '!=': ne, '<': lt, '<=': lte, '>': gt, '>=': gte }
const FLIPPED = { '=': eq, '<>': ne, '!=': ne, '<': gt, '<=': gte, '>': lt, '>=': lte }
const TEXT_TESTS = { STARTS_WITH: startsWith, ENDS_WITH: endsWith, CONTAINS: contains }
type Sign = keyof typeof COMPARISONS

const isSign = (text: string): text is Sign => Object.hasOwn(COMPARISONS, text)

class WhereParser {
  readonly #text: string
  readonly #fields: ReadonlyMap<string, DataField>
  readonly #tokens: readonly WhereToken[]
  #next = 0

  constructor(text: string, fields: readonly DataField[]) {
    this.#text = text
    this.#fields = new Map(fields.map((field) => [field.name, field]))
    this.#tokens = tokenizeWhere(text)
  }

  parse(): Predicate {
    const predicate = this.#or(0)
    const token = this.#peek()
    if (token.kind !== 'end') throw this.#expected('AND, OR or the end', token)
    return predicate
  }

  #or(depth: number): Predicate {
    if (depth > MAX_DEPTH)
      throw this.#error(this.#peek(), `the condition nests more than ${MAX_DEPTH} deep`)
    const alternatives = [this.#and(depth)]
    while (this.#accept('OR')) alternatives.push(this.#and(depth))
    return alternatives.length === 1 ? alternatives[0]! : or(...alternatives)
  }

  #and(depth: number): Predicate {
    const demands = [this.#unary(depth)]
    while (this.#accept('AND')) demands.push(this.#unary(depth))
    return demands.length === 1 ? demands[0]! : and(...demands)
  }

  #unary(depth: number): Predicate {
    let negated = false
    while (this.#accept('NOT')) negated = !negated
    let predicate: Predicate
    if (this.#acceptMark('(')) {
      predicate = this.#or(depth + 1)
      this.#expectMark(')')
    } else predicate = this.#test()
    return negated ? not(predicate) : predicate
  }

  #test(): Predicate {
    const token = this.#peek()
    const after = this.#tokens[this.#next + 1]
    if (token.kind === 'word' && after?.text === '(') return this.#textTest()
    if (this.#startsLiteral(token, after)) return this.#flipped(token)
    const column = this.#column()
    if (this.#accept('IS')) {
      const negated = this.#accept('NOT')
      this.#expect('NULL')
      return negated ? isNotNull(column.name) : isNull(column.name)
    }
    const negated = this.#accept('NOT')
    const predicate = this.#comparison(column, negated)
    return negated ? not(predicate) : predicate
  }

  #comparison(column: DataField, negated: boolean): Predicate {
    const { name } = column
    if (this.#accept('IN')) {
      this.#expectMark('(')
      const values = [this.#literal(column)]
      while (this.#acceptMark(',')) values.push(this.#literal(column))
      this.#expectMark(')')
      return isIn(name, values)
    }
    if (this.#accept('BETWEEN')) {
      const low = this.#literal(column)
      this.#expect('AND')
      return between(name, low, this.#literal(column))
    }
    if (this.#accept('LIKE')) return like(name, this.#string(column, 'LIKE'))
    const token = this.#peek()
    if (negated) throw this.#expected('IN, BETWEEN or LIKE', token)
    if (token.kind === 'mark' && isSign(token.text)) {
      this.#next++
      return COMPARISONS[token.text](name, this.#literal(column))
    }
    if (column.type.kind === 'BOOLEAN') return eq(name, true)
    throw this.#expected('a comparison (=, <, IN, BETWEEN, LIKE, IS NULL, ...)', token)
  }

  /** `5 < x` is `x > 5`; a literal alone can only be TRUE or FALSE. */
  #flipped(token: WhereToken): Predicate {
    const at = this.#next
    this.#skipLiteral()
    const sign = this.#peek()
    if (sign.kind !== 'mark' || !isSign(sign.text)) {
      if (token.kind === 'word' && token.upper === 'TRUE') return and()
      if (token.kind === 'word' && token.upper === 'FALSE') return or()
      throw this.#expected('a comparison (=, <, ...)', sign)
    }
    this.#next++
    const column = this.#column()
    const end = this.#next
    this.#next = at
    const literal = this.#literal(column)
    this.#next = end
    return FLIPPED[sign.text](column.name, literal)
  }

  #textTest(): Predicate {
    const token = this.#take()
    const build = TEXT_TESTS[token.upper as keyof typeof TEXT_TESTS]
    if (!Object.hasOwn(TEXT_TESTS, token.upper)) {
      const near = didYouMean(token.text, Object.keys(TEXT_TESTS))
      throw this.#error(token, `there is no function ${token.text}${near}`)
    }
    this.#expectMark('(')
    const column = this.#column()
    this.#expectMark(',')
    const text = this.#string(column, token.upper)
    this.#expectMark(')')
    return build(column.name, text)
  }

  #column(): DataField {
    const token = this.#take()
    if (token.kind !== 'name' && (token.kind !== 'word' || KEYWORDS.has(token.upper)))
      throw this.#expected('a column', token)
    const field = this.#fields.get(token.text)
    if (field === undefined) {
      const near = didYouMean(token.text, this.#fields.keys())
      throw this.#error(token, `there is no column "${token.text}"${near}`)
    }
    return field
  }

  #startsLiteral(token: WhereToken, after: WhereToken | undefined): boolean {
    if (token.kind === 'string' || token.kind === 'number' || token.kind === 'bytes') return true
    if (token.kind === 'mark') return token.text === '-' || token.text === '+'
    if (token.kind !== 'word' || this.#fields.has(token.text)) return false
    return (
      LITERAL_WORDS.has(token.upper) || (TYPE_WORDS.has(token.upper) && after?.kind === 'string')
    )
  }

  #skipLiteral(): void {
    const token = this.#take()
    const isPrefix = token.kind === 'mark' || (token.kind === 'word' && TYPE_WORDS.has(token.upper))
    if (isPrefix) this.#take()
  }

  #string(column: DataField, what: string): string {
    const token = this.#take()
    if (token.kind !== 'string') throw this.#expected('a text in single quotes', token)
    if (column.type.kind !== 'CHAR' && column.type.kind !== 'VARCHAR')
      throw this.#error(
        token,
        `${what} is for strings, and column ${column.name} is ${typeText(column.type)}`,
      )
    return token.text
  }

  /** The next literal as the column's type wants it. */
  #literal(column: DataField): unknown {
    const token = this.#take()
    if (token.kind === 'word' && token.upper === 'NULL') return null
    if (token.kind === 'word' && (token.upper === 'TRUE' || token.upper === 'FALSE')) {
      this.#checkKind(token, column, ['BOOLEAN'])
      return token.upper === 'TRUE'
    }
    if (token.kind === 'word' && TYPE_WORDS.has(token.upper) && this.#peek().kind === 'string') {
      this.#checkKind(token, column, TYPE_WORDS.get(token.upper)!)
      return this.#take().text
    }
    if (token.kind === 'bytes') {
      this.#checkKind(token, column, ['BINARY', 'VARBINARY'])
      return Uint8Array.from(Buffer.from(token.text, 'hex'))
    }
    if (token.kind === 'string') {
      this.#checkKind(token, column, TAKE_STRINGS)
      return token.text
    }
    if (token.kind === 'number') return this.#number(token, token.text, column)
    if (token.kind === 'mark' && (token.text === '-' || token.text === '+')) {
      const digits = this.#take()
      if (digits.kind !== 'number') throw this.#expected('a number', digits)
      return this.#number(digits, `${token.text === '-' ? '-' : ''}${digits.text}`, column)
    }
    throw this.#expected('a value', token)
  }

  #number(token: WhereToken, digits: string, column: DataField): unknown {
    this.#checkKind(token, column, TAKE_NUMBERS)
    const { kind } = column.type
    if (kind === 'DECIMAL') return digits
    const value = Number(digits)
    if (/^-?\d+$/.test(digits) && (kind === 'BIGINT' || !Number.isSafeInteger(value)))
      return BigInt(digits)
    if (!Number.isFinite(value)) throw this.#error(token, 'the number is too large')
    return value
  }

  #checkKind(token: WhereToken, column: DataField, kinds: readonly DataType['kind'][]): void {
    const { kind } = column.type
    if (kinds.includes(kind)) return
    const way = HINTS[kind]
    const hint = way === undefined ? '' : `: write ${way}`
    throw this.#error(token, `column ${column.name} is ${typeText(column.type)}${hint}`)
  }

  #peek(): WhereToken {
    return this.#tokens[this.#next]!
  }

  /** The token that comes next; at the end it stays there. */
  #take(): WhereToken {
    const token = this.#peek()
    if (token.kind !== 'end') this.#next++
    return token
  }

  #accept(keyword: string): boolean {
    const token = this.#peek()
    const matches = token.kind === 'word' && token.upper === keyword
    if (matches) this.#next++
    return matches
  }

  #acceptMark(mark: string): boolean {
    const token = this.#peek()
    const matches = token.kind === 'mark' && token.text === mark
    if (matches) this.#next++
    return matches
  }

  #expect(keyword: string): void {
    if (!this.#accept(keyword)) throw this.#expected(keyword, this.#peek())
  }

  #expectMark(mark: string): void {
    if (!this.#acceptMark(mark)) throw this.#expected(`"${mark}"`, this.#peek())
  }

  #expected(what: string, token: WhereToken): LakeError {
    const found = token.kind === 'end' ? 'the end' : `"${token.source}"`
    return this.#error(token, `expected ${what}, found ${found}`)
  }

  #error(token: WhereToken, problem: string): LakeError {
    return misplaced(this.#text, token.at, problem)
  }
}

const KEYWORDS = new Set('AND OR NOT IN BETWEEN LIKE IS NULL TRUE FALSE'.split(' '))
const LITERAL_WORDS = new Set(['NULL', 'TRUE', 'FALSE'])

/** Words that say the type of the text behind them. */
const TYPE_WORDS = new Map<string, readonly DataType['kind'][]>([
  ['DATE', ['DATE']],
  ['TIME', ['TIME']],
  ['TIMESTAMP', ['TIMESTAMP', 'TIMESTAMP_LTZ']],
])

const TAKE_NUMBERS: readonly DataType['kind'][] = [
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'FLOAT',
  'DOUBLE',
  'DECIMAL',
]

/** FLOAT and DOUBLE take 'NaN', 'Infinity' and '-Infinity', DECIMAL any number. */
const TAKE_STRINGS: readonly DataType['kind'][] = [
  'CHAR',
  'VARCHAR',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'TIMESTAMP_LTZ',
  'FLOAT',
  'DOUBLE',
  'DECIMAL',
]

const HINTS: Partial<Record<DataType['kind'], string>> = {
  BOOLEAN: 'true or false',
  TINYINT: 'a number without quotes',
  SMALLINT: 'a number without quotes',
  INT: 'a number without quotes',
  BIGINT: 'a number without quotes',
  FLOAT: 'a number',
  DOUBLE: 'a number',
  DECIMAL: 'a number without quotes',
  CHAR: "a text in single quotes: 'text'",
  VARCHAR: "a text in single quotes: 'text'",
  BINARY: "hexadecimal digits: X'0aff'",
  VARBINARY: "hexadecimal digits: X'0aff'",
  DATE: "'2026-11-01'",
  TIME: "'12:30:00'",
  TIMESTAMP: "'2026-11-01 12:30:00'",
  TIMESTAMP_LTZ: "'2026-11-01 12:30:00Z'",
}
