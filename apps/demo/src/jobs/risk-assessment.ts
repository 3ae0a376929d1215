import type { ChangedFile } from '../review/diff.ts'
import { isGenerated, isTest } from '../review/diff-findings.ts'
import { counted } from './counted.ts'
import type { Job } from './job.ts'
import { ownerOf } from './owner.ts'
import { reviewMaterial } from './review-material.ts'
import { runStages } from './stages.ts'

type State = { readonly factors: readonly Factor[] }

/** One reason for caution, with the points it adds. */
interface Factor {
  readonly points: number
  readonly reason: string
}

/** How much of the past shows which files change all the time. */
const HISTORY_COMMITS = 300

/** Scores from 0 to 100 how carefully a change should be looked at. */
export const riskAssessment: Job = {
  type: 'risk-assessment',
  async run(context) {
    const material = reviewMaterial(context)
    const handWritten = async (): Promise<readonly ChangedFile[]> =>
      (await material.change()).files.filter(({ path }) => !isGenerated(path))

    const { factors } = await runStages<State>(context, { factors: [] }, [
      {
        percent: 20,
        title: 'Measure the size',
        run: async (state) => ({ factors: [...state.factors, ...sizeFactors(await handWritten())] }),
      },
      {
        percent: 40,
        title: 'Look for sensitive places',
        run: async (state) => ({ factors: [...state.factors, ...sensitiveFactors(await handWritten())] }),
      },
      {
        percent: 60,
        title: 'Read the history of the files',
        async run(state) {
          const git = await material.repository()
          const counts = await git.changeCounts(material.range.head, HISTORY_COMMITS)
          return { factors: [...state.factors, ...historyFactors(await handWritten(), counts)] }
        },
      },
      {
        percent: 80,
        title: 'Weigh the findings',
        async run(state) {
          const { findings } = await material.analysis()
          const errors = findings.filter(({ severity }) => severity === 'error').length
          if (errors === 0) return state
          return {
            factors: [
              ...state.factors,
              { points: Math.min(30, 5 * errors), reason: `${counted(errors, 'error')} found` },
            ],
          }
        },
      },
      {
        percent: 100,
        title: 'Save the assessment',
        run(state) {
          const owner = ownerOf(context, 'risk')
          context.store.effects.saveComments(owner, [
            [
              assess(state.factors),
              ...state.factors.map(({ points, reason }) => `+${points} ${reason}`),
            ].join('\n'),
          ])
        },
      },
    ])
    return { outcome: 'done', summary: assess(factors) }
  },
}

function assess(factors: readonly Factor[]): string {
  const score = Math.min(
    100,
    factors.reduce((sum, { points }) => sum + points, 0),
  )
  const level = score >= 60 ? 'high' : score >= 30 ? 'medium' : 'low'
  return `${level} risk (${score} of 100)`
}

function sizeFactors(files: readonly ChangedFile[]): readonly Factor[] {
  const lines = files.reduce((sum, file) => sum + file.addedLines.length + file.deletions, 0)
  const factors: Factor[] = []
  if (lines > 200)
    factors.push({ points: Math.min(30, Math.round(lines / 100)), reason: `${lines} changed lines` })
  if (files.length > 20) factors.push({ points: 10, reason: `${files.length} files touched` })
  const code = files.filter(({ path }) =>
    /\.(?:[cm]?[jt]sx?|py|rb|go|rs|java|kt|cs|php|swift|c|cpp)$/.test(path),
  )
  if (code.length > 0 && !files.some(({ path }) => isTest(path))) {
    factors.push({ points: 20, reason: 'code changes, but no test does' })
  }
  return factors
}

const SENSITIVE: readonly (readonly [RegExp, string])[] = [
  [/(^|\/)(auth|login|session|password|crypto|security)/i, 'authentication or security'],
  [/(^|\/)migrations?\/|\.sql$/i, 'the database schema'],
  [/(^|\/)\.github\/|(^|\/)\.ci\/|gitlab-ci|Jenkinsfile|Dockerfile/i, 'the build and delivery'],
  [
    /(^|\/)(package\.json|Cargo\.toml|go\.mod|pom\.xml|requirements[^/]*\.txt|[^/]+\.csproj)$/,
    'dependencies',
  ],
]

function sensitiveFactors(files: readonly ChangedFile[]): readonly Factor[] {
  return SENSITIVE.filter(([pattern]) => files.some(({ path }) => pattern.test(path))).map(([, what]) => ({
    points: 10,
    reason: `touches ${what}`,
  }))
}

function historyFactors(
  files: readonly ChangedFile[],
  counts: ReadonlyMap<string, number>,
): readonly Factor[] {
  const hot = files.filter(({ path }) => (counts.get(path) ?? 0) >= 10)
  if (hot.length === 0) return []
  return [
    {
      points: Math.min(20, 5 * hot.length),
      reason: `${counted(hot.length, 'file')} with many changes lately`,
    },
  ]
}
