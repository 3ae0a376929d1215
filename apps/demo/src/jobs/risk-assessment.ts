import { type Factor, riskInWords } from '../review/risk.ts'
import type { Job } from './job.ts'
import { ownerOf } from './owner.ts'
import { reviewMaterial } from './review-material.ts'
import { runStages } from './stages.ts'

type State = { readonly risk: string; readonly factors: readonly Factor[] }

/** Scores from 0 to 100 how carefully a change should be looked at. */
export const riskAssessment: Job = {
  type: 'risk-assessment',
  async run(context) {
    const material = reviewMaterial(context)
    const { risk } = await runStages<State>(context, { risk: '', factors: [] }, [
      {
        percent: 20,
        title: 'Measure the size',
        async run() {
          await material.change()
        },
      },
      {
        percent: 40,
        title: 'Read the history of the files',
        async run() {
          await material.changeCounts()
        },
      },
      {
        percent: 60,
        title: 'Analyse',
        async run() {
          await material.analysis()
        },
      },
      {
        percent: 80,
        title: 'Weigh the findings',
        async run() {
          const assessed = await material.risk()
          return { risk: riskInWords(assessed), factors: assessed.factors }
        },
      },
      {
        percent: 100,
        title: 'Save the assessment',
        run({ risk: words, factors }) {
          const owner = ownerOf(context, 'risk')
          const reasons = factors.map(({ points, reason }) => `+${points} ${reason}`)
          context.store.effects.saveComments(owner, [[words, ...reasons].join('\n')])
        },
      },
    ])
    return { outcome: 'done', summary: risk }
  },
}
