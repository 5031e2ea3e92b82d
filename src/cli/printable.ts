/** Texts of others on a terminal: control characters are shown, and never obeyed. */

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text on one line, with control characters as escapes. */
export function printable(text: string): string {
  return text.replace(
    CONTROL,
    (char) => SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** `1 row`, `2 rows` */
export function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** `512 B`, `1.5 MB` */
export function bytesText(bytes: number): string {
  let left = bytes
  let unit = 0
  for (; left >= 999.95 && unit < BYTE_UNITS.length - 1; unit++) left /= 1000
  return `${unit === 0 ? left : left.toFixed(1)} ${BYTE_UNITS[unit]}`
}

/** `8 s`, `2 min 5 s`, `1 h 20 min`; whole seconds, rounded up. */
export function durationText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** The columns of a terminal that the text takes: East Asian wide characters and emoji take two, marks take none. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  return graphemes(text).reduce((width, each) => width + graphemeWidth(each), 0)
}

/** The text in at most so many columns of a terminal; what is too long loses its middle. */
export function shortened(text: string, widthMax: number): string {
  if (displayWidth(text) <= widthMax) return text
  const chars = graphemes(text)
  const head = fitting(chars, Math.ceil((widthMax - 1) / 2))
  const tail = fitting(chars.toReversed(), Math.floor((widthMax - 1) / 2)).toReversed()
  return `${head.join('')}…${tail.join('')}`
}

function fitting(chars: readonly string[], widthMax: number): string[] {
  let width = 0
  const end = chars.findIndex((char) => (width += graphemeWidth(char)) > widthMax)
  return end < 0 ? [...chars] : chars.slice(0, end)
}

let segmenter: Intl.Segmenter | undefined

/** What readers take for characters: a letter with its marks, a flag, an emoji of several parts. */
function graphemes(text: string): string[] {
  if (ASCII.test(text)) return text.split('')
  segmenter ??= new Intl.Segmenter()
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

function graphemeWidth(grapheme: string): number {
  if (ASCII.test(grapheme)) return grapheme.length
  if (EMOJI.test(grapheme)) return 2
  let width = 0
  for (const char of grapheme) width += MARK.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  // Parts that join to one character, such as the syllables of Korean, are as wide as the widest of them.
  return Math.min(width, 2)
}

const ASCII = /^[\u0020-\u007e]*$/
const MARK = /^[\p{Mn}\p{Me}\p{Cf}]$/u
/** What is shown as an emoji by itself, or because the selector behind it says so. */
const EMOJI = /^(?:\p{Emoji_Presentation}|\p{Emoji}\ufe0f)/u
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u
