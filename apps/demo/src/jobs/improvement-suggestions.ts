import type { Finding } from '../review/reviewer.ts'
import { counted } from './counted.ts'
import type { Job } from './job.ts'
import { ownerOf } from './owner.ts'
import { reviewMaterial } from './review-material.ts'
import { runStages } from './stages.ts'

type State = { readonly suggestions: number }

const MOST_SUGGESTIONS = 20
const MOST_PLACES = 5

/** Turns what the reviewer found into a few suggestions, one for each rule, the gravest and most frequent first. */
export const improvementSuggestions: Job = {
  type: 'improvement-suggestions',
  async run(context) {
    const material = reviewMaterial(context)
    const { suggestions } = await runStages<State>(context, { suggestions: 0 }, [
      {
        percent: 25,
        title: 'Build the diff',
        async run() {
          await material.change()
        },
      },
      {
        percent: 50,
        title: 'Analyse',
        async run() {
          await material.analysis()
        },
      },
      {
        percent: 100,
        title: 'Save the suggestions',
        async run() {
          const owner = ownerOf(context, 'suggestion')
          const bodies = suggest((await material.analysis()).findings)
          context.store.effects.saveComments(owner, bodies)
          return { suggestions: bodies.length }
        },
      },
    ])
    return { outcome: 'done', summary: counted(suggestions, 'suggestion') }
  },
}

const WEIGHT = { error: 100, warning: 10, info: 1 }

function suggest(findings: readonly Finding[]): readonly string[] {
  const byRule = Map.groupBy(findings, ({ rule }) => rule)
  const weight = (group: readonly Finding[]): number =>
    group.reduce((sum, { severity }) => sum + WEIGHT[severity], 0)
  return [...byRule]
    .toSorted(([, a], [, b]) => weight(b) - weight(a))
    .slice(0, MOST_SUGGESTIONS)
    .map(([rule, group]) => {
      const places = group.slice(0, MOST_PLACES).map(({ file, line }) => (line ? `${file}:${line}` : file))
      const more = group.length > MOST_PLACES ? ` and ${group.length - MOST_PLACES} more` : ''
      return `${rule}: ${group[0]?.message ?? ''} (${places.join(', ')}${more})`
    })
}
