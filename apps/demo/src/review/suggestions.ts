import type { Finding } from './reviewer.ts'

const MOST_SUGGESTIONS = 20
const MOST_PLACES = 5

const WEIGHT = { error: 100, warning: 10, info: 1 }

/** What to do about the findings: one suggestion for each rule, the gravest and most frequent first. */
export function suggestionsOf(findings: readonly Finding[]): readonly string[] {
  const byRule = Map.groupBy(findings, ({ rule }) => rule)
  const weight = (group: readonly Finding[]): number =>
    group.reduce((sum, { severity }) => sum + WEIGHT[severity], 0)
  return [...byRule.values()]
    .toSorted((a, b) => weight(b) - weight(a))
    .slice(0, MOST_SUGGESTIONS)
    .map((group) => {
      const places = group.slice(0, MOST_PLACES).map(({ file, line }) => (line ? `${file}:${line}` : file))
      const more = group.length > MOST_PLACES ? ` and ${group.length - MOST_PLACES} more` : ''
      return `${group[0]?.suggestion ?? ''} (${places.join(', ')}${more})`
    })
}
