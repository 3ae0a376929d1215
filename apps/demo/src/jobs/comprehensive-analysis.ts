import type { Job, JobType } from './job.ts'
import { ownerOf } from './owner.ts'
import { findReview } from './review-material.ts'
import { runStages } from './stages.ts'

type State = { readonly parts: readonly string[] }

const PARTS: readonly JobType[] = ['risk-assessment', 'improvement-suggestions', 'pull-request-summary']

/**
 * Brings the other three together. Each is a nested execution under its own key, so that one which a user started
 * on its own is not done again: it is waited for, or its result is replayed.
 */
export const comprehensiveAnalysis: Job = {
  type: 'comprehensive-analysis',
  async run(context) {
    const { parts } = await runStages<State>(context, { parts: [] }, [
      { percent: 10, title: 'Validate the request', run: () => void findReview(context) },
      ...PARTS.map((type, index) => ({
        percent: 25 + 25 * index,
        title: `Run ${type}`,
        run: async (state: State) => ({ parts: [...state.parts, (await context.runNested(type)).summary] }),
      })),
      {
        percent: 100,
        title: 'Save the report',
        run(state) {
          context.store.effects.saveComments(ownerOf(context, 'comprehensive'), [state.parts.join('\n')])
        },
      },
    ])
    return { outcome: 'done', summary: parts.join(' · ') }
  },
}
