/** Keeps secrets out of everything that is said about a run. */
import { isSecretName } from '../util/secret-name.ts'

/** `name=value` and `name: value` of such a name, wherever it stands in a text. */
const SECRET_PAIR =
  /([\w.-]*(?:secret|password|passwd|token|access[-._]?key|credential)[\w.-]*\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)/gi
/** The user and password of a URL. */
const USER_INFO = /(\/\/)[^/@\s]+@/g

/** Shorter values are found everywhere by chance. */
const LENGTH_MIN = 4

export class Secrets {
  readonly #values = new Set<string>()

  constructor(env: Readonly<Record<string, string | undefined>>) {
    for (const [name, value] of Object.entries(env))
      if (/^(AWS|MILLRACE|S3)_/.test(name)) this.add(name, value)
  }

  /** Remembers the value if the name says that it is secret. */
  add(name: string, value: string | undefined): void {
    if (value !== undefined && value.length >= LENGTH_MIN && isSecretName(name))
      this.#values.add(value)
  }

  /** The text without any secret. */
  hide(text: string): string {
    let hidden = text
    // The longest first: one secret may be part of another.
    for (const value of [...this.#values].toSorted((a, b) => b.length - a.length))
      for (const form of new Set([value, encodeURIComponent(value)]))
        hidden = hidden.replaceAll(form, '***')
    return hidden.replaceAll(SECRET_PAIR, '$1***').replaceAll(USER_INFO, '$1***@')
  }
}
