/** Lists that are told page by page. */

export interface Page {
  /** Items come behind this name. */
  readonly after: string
  readonly sizeMax: number
}

/** Of those who ask for pages, and do not say how large. */
const PAGE_SIZE = 1000

/**
 * The page that a query asks for: one that has no `pageToken` asks for everything at once, whatever it says of sizes, and
 * one that is empty for the first page. Null for a token or a size that is none.
 */
export function pageOf(query: URLSearchParams): Page | null {
  const token = query.get('pageToken')
  const size = query.get('pageSize')
  if (size !== null && !/^[1-9]\d{0,8}$/.test(size)) return null
  if (token === null) return { after: '', sizeMax: Infinity }
  const after = Buffer.from(token, 'base64url').toString()
  if (pageToken(after) !== token) return null
  return { after, sizeMax: size === null ? PAGE_SIZE : Number(size) }
}

/** What asks for the page behind this name. */
function pageToken(name: string): string {
  return Buffer.from(name).toString('base64url')
}

/** Of sorted names those of the page, and the token of the next one; null where there is none. */
export async function takePage(
  names: AsyncIterable<string> | Iterable<string>,
  { sizeMax }: Page,
): Promise<{ taken: string[]; nextToken: string | null }> {
  const taken: string[] = []
  for await (const name of names) {
    if (taken.length === sizeMax) return { taken, nextToken: pageToken(taken.at(-1)!) }
    taken.push(name)
  }
  return { taken, nextToken: null }
}
