import { suggestionsOf } from '../review/suggestions.ts'
import { counted } from '../counted.ts'
import type { Job } from './job.ts'
import { ownerOf } from './owner.ts'
import { reviewMaterial } from './review-material.ts'
import { runStages } from './stages.ts'

type State = { readonly suggestions: number }

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
          const bodies = suggestionsOf((await material.analysis()).findings)
          context.store.effects.saveComments(owner, bodies)
          return { suggestions: bodies.length }
        },
      },
    ])
    return { outcome: 'done', summary: counted(suggestions, 'suggestion') }
  },
}
