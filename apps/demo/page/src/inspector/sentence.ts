import { lengthOf, ordinal } from '../format.ts'
import { type Attempt, type Model, rankOf, type WorkState } from '../model/model.ts'
import { spentWords } from '../reviews/cost.ts'

/** A sentence in parts; names are strong. */
export type Sentence = readonly (string | { readonly strong: string })[]

const strong = (text: string): { readonly strong: string } => ({ strong: text })

/** What became of a piece of work: one or two sentences, from what happened. */
export function sentenceOf(model: Model, work: WorkState): Sentence {
  const attempts = attemptsOf(model, work)
  const last = attempts.at(-1)
  if (last === undefined) return neverRan(model, work)
  return [...endOf(last, attempts.length), ...beforeOf(model, attempts), '.', ...lateWrites(model, work)]
}

export function attemptsOf(model: Model, { attempts }: WorkState): readonly Attempt[] {
  return attempts.flatMap((id) => model.attempts.get(id) ?? [])
}

function neverRan(model: Model, { calls }: WorkState): Sentence {
  const answers = calls.flatMap((id) => model.calls.get(id)?.outcome ?? [])
  if (answers.includes('noRedis')) return ['Nothing ran: Redis did not answer.']
  return ['Nothing has run of it yet.']
}

function endOf({ outcome, instance, percent, message }: Attempt, count: number): Sentence {
  const which = count > 1 ? ` on its ${ordinal(count)} attempt` : ''
  switch (outcome) {
    case null:
      return [strong(instance), ` runs it${which}, ${percent} % are done`]
    case 'completed':
      return ['Done by ', strong(instance), which]
    case 'failed':
      return [
        'Failed on ',
        strong(instance),
        which,
        message === null ? '' : `: ${message.replace(/\.$/, '')}`,
      ]
    case 'cutShort':
      return ['Cut short: ', strong(instance), ` was gone at ${percent} %`]
    case 'lost':
      return [strong(instance), ' lost its lease at ', `${percent} %`]
    case 'released':
      return ['Stopped by ', strong(instance), ` at ${percent} %`]
    case 'unconfirmed':
      return ['Ended by ', strong(instance), ', not confirmed']
    case 'abandoned':
      return ['Given up by ', strong(instance)]
  }
}

function beforeOf(model: Model, attempts: readonly Attempt[]): Sentence {
  const before = attempts.at(-2)
  if (before === undefined) return []
  const how = {
    cutShort: 'was killed',
    lost: wasFrozen(model, before) ? 'froze' : 'lost its lease',
    failed: 'failed',
  }
  const silent = wasFrozen(model, before) ? 'froze' : 'fell silent'
  const word =
    before.outcome !== null && before.outcome in how ? how[before.outcome as keyof typeof how] : silent
  return [', after ', strong(before.instance), ` ${word} at ${before.percent} %`]
}

function wasFrozen(model: Model, { instance, startedAt, endedAt }: Attempt): boolean {
  const spells = model.instances.get(instance)?.frozen ?? []
  return spells.some(({ from, to }) => (to ?? Infinity) >= startedAt && from <= (endedAt ?? Infinity))
}

function lateWrites(model: Model, work: WorkState): Sentence {
  const refused = model.effects.find(
    ({ jobType, jobKey, newestToken }) =>
      newestToken !== null && jobType === work.jobType && jobKey === work.jobKey,
  )
  if (refused === undefined) return []
  const [old, newest] = [rankOf(work, refused.fencingToken), rankOf(work, refused.newestToken ?? 0)]
  return [
    ' The database refused the late write of ',
    strong(refused.instance),
    `: fence ${old} is older than ${newest}.`,
  ]
}

export interface Rung {
  readonly executionId: string
  readonly rank: number
  readonly tone: 'done' | 'stop' | 'run' | 'quiet'
  readonly instance: string
  readonly what: string
  readonly detail: string
}

/** The attempts, one below the other. */
export function ladderOf(model: Model, work: WorkState): readonly Rung[] {
  return attemptsOf(model, work).map((attempt) => {
    const { executionId, instance, outcome, percent, startedAt, endedAt, takenOverFrom, fromPercent, stage } =
      attempt
    const words = {
      completed: 'done',
      failed: 'failed',
      released: `stopped at ${percent} %`,
      lost: wasFrozen(model, attempt) ? 'woke up too late' : 'lost its lease',
      unconfirmed: 'ended, not confirmed',
      abandoned: 'given up',
      cutShort: `killed at ${percent} %`,
    }
    const ran = endedAt === null ? [] : [lengthOf(endedAt - startedAt)]
    const from = takenOverFrom !== null && fromPercent > 0 ? [`went on from ${fromPercent} %`] : []
    return {
      executionId,
      rank: rankOf(work, attempt.fencingToken),
      tone:
        outcome === null
          ? 'run'
          : outcome === 'completed'
            ? 'done'
            : outcome === 'released'
              ? 'quiet'
              : 'stop',
      instance,
      what: outcome === null ? `runs, ${percent} %` : words[outcome],
      detail: [
        ...ran,
        ...from,
        ...silenceOf(attempt),
        ...(outcome === null && stage !== null ? [stage] : []),
      ].join(' · '),
    }
  })
}

/** How long no instance ran it, until its lease was over and another took it. */
function silenceOf({ outcome, endedAt, takenOverAt }: Attempt): readonly string[] {
  if (outcome !== 'cutShort' || endedAt === null || takenOverAt === null) return []
  return [`silent for ${lengthOf(takenOverAt - endedAt)}, then its lease was over`]
}

/** Name and value, for what a sentence would be too long for. */
export function factsOf(model: Model, work: WorkState): readonly (readonly [name: string, value: string])[] {
  const calls = work.calls.flatMap((id) => model.calls.get(id) ?? [])
  const count = (outcome: string): number => calls.filter((call) => call.outcome === outcome).length
  const waited = calls
    .filter(({ outcome }) => outcome === 'waited')
    .map(({ instance, tookMs }) => `${instance}, ${lengthOf(tookMs ?? 0)}`)
  const rows = model.rows.filter(({ jobType, jobKey }) => jobType === work.jobType && jobKey === work.jobKey)
  const ends = rows.filter(({ event }) => event === 'end')
  const endRank = rankOf(work, model.attempts.get(ends[0]?.executionId ?? '')?.fencingToken ?? 0)
  const of = (event: string): number => rows.filter((row) => row.event === event).length
  const spent = model.reviews.get(work.jobKey)?.spent ?? null
  return [
    ['Starts', String(calls.length)],
    ...(count('turnedAway') > 0 ? [['Turned away', String(count('turnedAway'))] as const] : []),
    ...(waited.length > 0 ? [['Waited for it', waited.join(' · ')] as const] : []),
    ...(count('stored') > 0 ? [['Got the stored result', String(count('stored'))] as const] : []),
    ['Rows that it inserted', `${of('begin')} begin · ${of('end')} end`],
    ...(ends.length === 1 ? [['Saved', `once, with fence ${endRank}`] as const] : []),
    ...(spent === null ? [] : [['The review has paid a model', spentWords(spent)] as const]),
  ]
}
