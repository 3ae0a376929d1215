import type { LeftOutView, SecondOpinion } from '../events/model-news.ts'
import { inOrder } from '../review/relevant.ts'
import type { Analysis, Finding, ReviewRequest, Reviewer } from '../review/reviewer.ts'
import type { PortionAnswer } from './answer.ts'
import { ModelRefusedError } from './model-errors.ts'
import type { ModelSettings } from './model-settings.ts'
import { type Portion, portionsOf } from './portions.ts'

/** Gets the answer about a portion: from the cache, from another who has asked, or from the model. */
export type AnswerTo = (
  portion: Portion,
  request: ReviewRequest,
  signal: AbortSignal,
  part: Part,
) => Promise<PortionAnswer>

/** Which of how many. */
export interface Part {
  readonly index: number
  readonly count: number
}

export type SaveOpinion = (request: ReviewRequest, opinion: SecondOpinion) => void

/** Lets a model look at what the first reviewer has looked at. What that one has found stands, whatever the model does. */
export function withSecondReviewer(
  first: Reviewer,
  settings: ModelSettings,
  answerTo: AnswerTo,
  save: SaveOpinion,
): Reviewer {
  return {
    name: `${first.name} ${settings.model}`,
    async review(request, signal) {
      const analysis = await first.review(request, signal)
      const { findings, opinion } = await opinionOn(request, signal, settings, answerTo)
      save(request, opinion)
      return together(analysis, findings, settings.model)
    },
  }
}

async function opinionOn(
  request: ReviewRequest,
  signal: AbortSignal,
  settings: ModelSettings,
  answerTo: AnswerTo,
): Promise<{ readonly findings: readonly Finding[]; readonly opinion: SecondOpinion }> {
  const { portions, leftOut } = await portionsOf(await request.readDiff(), settings)
  const findings: Finding[] = []
  const problems = new Set<string>()
  let dropped = 0
  for (const [index, portion] of portions.entries()) {
    signal.throwIfAborted()
    try {
      const answer = await answerTo(portion, request, signal, { index, count: portions.length })
      if ('problem' in answer) problems.add(answer.problem)
      else {
        findings.push(...answer.findings)
        dropped += answer.dropped
      }
    } catch (error) {
      if (!isRefusal(error)) throw error
      // The next call would be refused as well.
      problems.add(error.message)
      break
    }
  }
  const problem = problems.size === 0 ? null : [...problems].join(' ')
  const opinion = { model: settings.model, problem, findings: findings.length, dropped, leftOut }
  return { findings: [...findings, ...beyondBudget(leftOut)], opinion }
}

/** Its own, or one that another process has recorded. */
function isRefusal(error: unknown): error is Error {
  return error instanceof ModelRefusedError || (error as { readonly code?: unknown }).code === 'MODEL_REFUSED'
}

/** What else is left out has a remark of the first reviewer, or needs none. */
function beyondBudget(leftOut: readonly LeftOutView[]): readonly Finding[] {
  return leftOut
    .filter(({ why }) => why.startsWith('it is beyond'))
    .map(({ path, why }) => ({
      file: path,
      severity: 'info',
      category: 'quality',
      rule: 'model/not-read',
      message: `The second reviewer has not read all of this file: ${why}.`,
      suggestion: 'Review fewer commits at once, or give the model more room in the settings.',
    }))
}

/** What both say of a line is said once. */
function together(analysis: Analysis, findings: readonly Finding[], model: string): Analysis {
  const placeOf = ({ file, line, category }: Finding): string => `${category} ${line} ${file}`
  const said = new Set(analysis.findings.map(placeOf))
  const news = findings.filter((finding) => !said.has(placeOf(finding)))
  return {
    ...analysis,
    reviewer: `${analysis.reviewer} and ${model}`,
    findings: inOrder([...analysis.findings, ...news]),
  }
}
