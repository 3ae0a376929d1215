import type { LanguageShare } from '../review/languages.ts'
import type { Analysis } from '../review/reviewer.ts'
import { riskInWords } from '../review/risk.ts'
import { counted } from '../counted.ts'
import { isAllowed, standingOf } from '../store/review-states.ts'
import { isFailure, reasonOf } from './failure.ts'
import type { Job, JobContext, JobResult } from './job.ts'
import { ownerOf } from './owner.ts'
import { patiently } from './patiently.ts'
import { JobInputError, findConfiguration, findReview, reviewMaterial } from './review-material.ts'
import { percentSaved, runStages } from './stages.ts'

type State = {
  /** Why there is nothing to do. */
  readonly skipped?: string
  readonly diffHash?: string
  readonly findings?: number
  readonly files?: number
}

const PRICE_CENTS = 500

/** The stage that takes the review. */
const TAKEN_PERCENT = 30

/** Reviews a change in ten stages, and charges the customer for it. */
export const aiReview: Job = {
  type: 'ai-review',
  async run(context) {
    try {
      return await review(context)
    } catch (error) {
      if (isFailure(error, context.execution.signal))
        context.store.life.fail(ownerOf(context, 'ai-review'), reasonOf(error))
      throw error
    }
  },
}

async function review(context: JobContext): Promise<JobResult> {
  const { store, execution, log } = context
  const owner = ownerOf(context, 'ai-review')
  store.effects.claimCharge(owner)
  const material = reviewMaterial(context)
  // The review has to be this attempt's before it goes on behind the stage that takes it. A predecessor that has finished it has
  // left nothing to take, and what remains to be done is only to say so.
  if (percentSaved(execution.checkpoint) >= TAKEN_PERCENT) store.life.take(owner)

  const validate = (): State => {
    const { id, state, hasFailed } = findReview(context)
    if (execution.fencingToken === undefined || isAllowed('take', standingOf({ state, hasFailed }))) return {}
    return { skipped: `review ${id} is ${state}, not Pending` }
  }
  const checkConfiguration = (): void => {
    const review = findReview(context)
    if (findConfiguration(context, review) !== undefined) return
    const message = `The reviewer ${JSON.stringify(review.reviewer)} is not configured.`
    throw new JobInputError('REVIEWER_NOT_CONFIGURED', message)
  }
  const markReviewing = (state: State): State => {
    if (store.life.take(owner)) return state
    return { skipped: `review ${context.reviewId} is in other hands` }
  }
  const analyse = async (state: State): Promise<State> => {
    const { files } = await material.change()
    // Room for a large change beyond the timeout that every job has.
    await patiently(execution.signal, () => execution.extendTimeout(10_000 + 500 * files.length))
    const { findings } = await material.analysis()
    return { ...state, findings: findings.length, files: files.length }
  }

  const state = await runStages<State>(
    context,
    {},
    [
      { percent: 10, title: 'Validate the request', run: validate },
      { percent: 20, title: 'Check the configuration', run: checkConfiguration },
      { percent: TAKEN_PERCENT, title: 'Mark as reviewing', run: markReviewing },
      {
        percent: 40,
        title: 'Build the diff',
        run: async (before) => ({ ...before, diffHash: (await material.change()).hash }),
      },
      {
        percent: 50,
        title: 'Detect the languages',
        async run() {
          const languages = await material.languages()
          const projectType = await material.projectType()
          log.info({ languages, projectType }, `${projectType.name}, ${mostly(languages)}`)
        },
      },
      {
        percent: 60,
        title: 'Assemble context',
        async run() {
          const { commits } = await material.reviewContext()
          log.info({ commits: commits.length }, counted(commits.length, 'commit'))
        },
      },
      { percent: 70, title: 'Analyse', run: analyse },
      {
        percent: 80,
        title: 'Save findings',
        async run() {
          const analysis = await material.analysis()
          store.effects.saveFindings(owner, analysis.findings)
          store.effects.saveComments(owner, [await summaryComment(analysis, material)])
        },
      },
      {
        percent: 90,
        title: 'Charge the customer',
        async run() {
          await context.askBank()
          store.effects.charge(owner, PRICE_CENTS)
        },
      },
      {
        percent: 100,
        title: 'Notify',
        run({ findings = 0 }) {
          store.life.finish(owner, counted(findings, 'finding'))
        },
      },
    ],
    ({ skipped }) => skipped !== undefined,
  )
  if (state.skipped !== undefined) return { outcome: 'skipped', summary: state.skipped }
  return {
    outcome: 'done',
    summary: `${counted(state.findings ?? 0, 'finding')} in ${counted(state.files ?? 0, 'file')}`,
  }
}

/** `mostly TypeScript, Python` */
function mostly(languages: readonly LanguageShare[]): string {
  return `mostly ${languages
    .slice(0, 3)
    .map(({ language }) => language)
    .join(', ')}`
}

async function summaryComment(
  { findings, metrics, reviewer }: Analysis,
  material: ReturnType<typeof reviewMaterial>,
): Promise<string> {
  const count = (severity: string, noun: string): string =>
    counted(findings.filter((finding) => finding.severity === severity).length, noun)
  return [
    `${counted(metrics.files, 'file')} changed (+${metrics.additions} −${metrics.deletions}), ${mostly(await material.languages())}.`,
    `${count('error', 'error')}, ${count('warning', 'warning')}, ${count('info', 'remark')} by ${reviewer}: ${riskInWords(await material.risk())}.`,
  ].join('\n')
}
