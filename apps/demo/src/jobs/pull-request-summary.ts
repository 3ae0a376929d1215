import type { ChangedFile } from '../review/diff.ts'
import { counted } from '../counted.ts'
import type { Job } from './job.ts'
import { ownerOf } from './owner.ts'
import { findReview, reviewMaterial } from './review-material.ts'
import { runStages } from './stages.ts'

type State = { readonly summary: string }

/** Says in a few lines what a change is about, from its commits and its files. */
export const pullRequestSummary: Job = {
  type: 'pull-request-summary',
  async run(context) {
    const material = reviewMaterial(context)
    const { summary } = await runStages<State>(context, { summary: '' }, [
      {
        percent: 30,
        title: 'Read the commits',
        async run() {
          const { commits } = await material.reviewContext()
          return { summary: counted(commits.length, 'commit') }
        },
      },
      {
        percent: 60,
        title: 'Group the files',
        async run(state) {
          const { files } = await material.change()
          const places = counted(areas(files).length, 'area')
          return { summary: `${state.summary}, ${counted(files.length, 'file')} in ${places}` }
        },
      },
      {
        percent: 100,
        title: 'Save the summary',
        async run(state) {
          const owner = ownerOf(context, 'summary')
          const { commits, projectType } = await material.reviewContext()
          const body = [
            `${findReview(context).title} (${projectType.name}): ${state.summary}`,
            ...commits.slice(0, 10).map(({ id, subject }) => `- ${subject} (${id.slice(0, 7)})`),
            ...areas((await material.change()).files).map(
              ([area, lines]) => `- ${area}: ${counted(lines, 'changed line')}`,
            ),
          ]
          context.store.effects.saveComments(owner, [body.join('\n')])
        },
      },
    ])
    return { outcome: 'done', summary }
  },
}

/** The top two folders of the changed files with their changed lines, the most changed first. */
function areas(files: readonly ChangedFile[]): readonly (readonly [string, number])[] {
  const lines = new Map<string, number>()
  for (const { path, addedLines, deletions } of files) {
    const area = path.split('/').slice(0, -1).slice(0, 2).join('/') || '(top)'
    lines.set(area, (lines.get(area) ?? 0) + addedLines.length + deletions)
  }
  return [...lines].toSorted(([, a], [, b]) => b - a)
}
