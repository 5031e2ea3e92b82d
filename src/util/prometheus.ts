/** Figures as the text that Prometheus reads (its text format, version 0.0.4). */

/** One figure, or one of several that differ in their labels. */
export interface PrometheusSample {
  /** Behind the name of the family: `_count`; or nothing. */
  readonly suffix?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Samples of one name. */
export interface PrometheusFamily {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly help: string
  readonly samples: readonly PrometheusSample[]
}

/** A family without samples is left out. */
export function prometheusFamilies(families: readonly PrometheusFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(({ suffix = '', labels, value }) => {
        const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
        const labelled = pairs.length === 0 ? '' : `{${pairs.join(',')}}`
        return `${name}${suffix}${labelled} ${value}\n`
      })
      return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', '\\n')
}
