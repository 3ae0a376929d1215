import { type Cache, type CompletionUnconfirmedError, HoldfastError, type Idempotency } from '@holdfast/core'
import { patiently } from '../jobs/patiently.ts'
import type { ReviewRequest } from '../review/reviewer.ts'
import { type PortionAnswer, readAnswer } from './answer.ts'
import { hushing } from './hush.ts'
import { type Listening, type PaidCallParts, paidCalls } from './paid-call.ts'
import type { Portion } from './portions.ts'
import { type Message, PROMPT_VERSION, askedAgain, contentKey, messagesFor } from './prompt.ts'
import { retryAfterOf } from './retry-of.ts'
import type { AnswerTo, Part } from './second-reviewer.ts'

export interface AskOnceParts extends PaidCallParts {
  readonly idempotency: Idempotency
  /** A namespace for these answers alone. */
  readonly cache: Pick<Cache, 'get' | 'set'>
  readonly instance: string
  readonly leaseMs: number
}

const WEEK_MS = 7 * 86_400_000

/** Of the executions that guard a question; their key is its content. */
const MODEL_CALL = 'model-call'

/**
 * The same question is paid for once: an answer that is there is taken from the cache; one that another instance is waiting for is
 * waited for as well; and where that instance dies, the next asks again, and the book shows what the first one cost.
 */
export function askOnce({ idempotency, cache, instance, leaseMs, ...parts }: AskOnceParts): AnswerTo {
  const { settings } = parts
  const call = paidCalls(parts)
  const hushed = hushing(settings.key)
  const read = (text: string, portion: Portion): PortionAnswer => readAnswer(text, portion, hushed)

  const guarded = async (
    key: string,
    portion: Portion,
    { asker }: ReviewRequest,
    jobSignal: AbortSignal,
    part: Part,
  ): Promise<PortionAnswer> => {
    const onProgress = (message: string): void => asker?.onProgress(inWords(message, part))
    const policy = {
      onInProgress: 'wait',
      waitMs: Infinity,
      leaseMs,
      signal: jobSignal,
      classifyError: retryAfterOf,
    } as const
    onProgress(`asks ${settings.model}`)
    const { result } = await idempotency.run(MODEL_CALL, key, policy, (execution) => {
      const caller = {
        reviewId: asker?.reviewId ?? '',
        instance,
        contentKey: key,
        fence: execution.fencingToken,
      }
      const listening = { signal: AbortSignal.any([jobSignal, execution.signal]), onProgress }
      return twiceAtMost(
        portion,
        read,
        listening,
        async (messages) => await call(messages, caller, listening),
      )
    })
    return result
  }

  return async (portion, request, signal, part) => {
    const key = contentKey(settings, portion)
    // By model and prompt: what another of them has said does not count.
    const name = `${settings.model}/${PROMPT_VERSION}:${key}`
    const known = await cache.get<PortionAnswer>(name, { onOutage: 'miss' })
    if (known !== undefined) return known
    const answer = await patiently(signal, () =>
      guarded(key, portion, request, signal, part).catch(resultOfUnconfirmed),
    )
    if (!('problem' in answer)) await cache.set(name, answer, { ttlMs: WEEK_MS, onOutage: 'miss' })
    return answer
  }
}

/** A model that has not answered as it was asked to is asked once more, with what was wrong. */
async function twiceAtMost(
  portion: Portion,
  read: (text: string, portion: Portion) => PortionAnswer,
  { onProgress }: Listening,
  ask: (
    messages: readonly Message[],
  ) => Promise<{ readonly text: string; readonly cutShort: string | undefined }>,
): Promise<PortionAnswer> {
  const messages = messagesFor(portion)
  const { text, cutShort } = await ask(messages)
  const first = cutShort === undefined ? read(text, portion) : { problem: cutShort }
  if (!('problem' in first)) return first
  onProgress('asks once more, for the answer was malformed')
  const again = await ask(askedAgain(messages, text, first.problem))
  const second = again.cutShort === undefined ? read(again.text, portion) : { problem: again.cutShort }
  if (!('problem' in second)) return second
  return { problem: `The model's answer cannot be used, nor can its second one. ${second.problem}` }
}

/** Redis may have recorded the end or not; the answer is there. */
function resultOfUnconfirmed(error: unknown): PortionAnswer {
  if (!HoldfastError.isInstance(error) || error.code !== 'COMPLETION_UNCONFIRMED') throw error
  return (error as CompletionUnconfirmedError).result as PortionAnswer
}

/** `Analyse: gpt has written 1,204 characters (2 of 3)` */
function inWords(message: string, { index, count }: Part): string {
  return `Analyse: ${message}${count > 1 ? ` (${index + 1} of ${count})` : ''}`
}
