import { setTimeout as sleep } from 'node:timers/promises'
import type { ModelCallEnd, ModelCalls } from '../store/model-calls.ts'
import type { AskModel, ModelAnswer } from './ask-model.ts'
import { AnswerLostError, ModelAwayError, ModelBusyError } from './model-errors.ts'
import { type ModelSettings, costOf, estimateTokens } from './model-settings.ts'
import type { Message } from './prompt.ts'

/** For whom a call is made. */
export interface Caller {
  readonly reviewId: string
  readonly instance: string
  readonly contentKey: string
  readonly fence: number
}

/** With one of the permits that the whole fleet has; the signal ends with the permit. */
export type WithPermit = <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) => Promise<T>

export interface PaidCallParts {
  readonly settings: ModelSettings
  readonly ask: AskModel
  readonly book: ModelCalls
  readonly withPermit: WithPermit
}

export interface Listening {
  readonly signal: AbortSignal
  readonly onProgress: (message: string) => void
}

/** So often a question is sent, when its answers are lost: each is paid for. */
const MOST_LOSSES = 2

/** The answer, or the permit, for an operator may take that away. */
function isLoss(error: unknown): boolean {
  return error instanceof AnswerLostError || (error as { readonly code?: unknown }).code === 'LEASE_LOST'
}

const FIRST_PAUSE_MS = 1_000

const NOTHING = { state: 'refused', inputTokens: 0, outputTokens: 0, cost: 0, isEstimate: false } as const

/**
 * Asks a model, and writes each call into the book before it is sent and after it has come to something. Waits for a model that is
 * busy, without a permit. Whose wait it is renews its lease meanwhile.
 *
 * @throws ModelBusyError when the wait would be longer than `patienceMs`; AnswerLostError, ModelRefusedError
 */
export function paidCalls({ settings, ask, book, withPermit }: PaidCallParts) {
  const { model, patienceMs } = settings
  /** What the book does not have yet, for another process was writing into the database for too long. */
  const unwritten: { readonly id: number; readonly end: ModelCallEnd }[] = []
  /** What a call has come to stands, whether it can be written down or not. */
  const write = ({ onProgress }: Listening): void => {
    try {
      for (let next = unwritten[0]; next !== undefined; next = unwritten[0]) {
        book.end(next.id, next.end)
        unwritten.shift()
      }
    } catch (error) {
      onProgress(`cannot write down what ${model} has cost: ${(error as Error).message}`)
    }
  }

  const once = async (messages: readonly Message[], caller: Caller, listening: Listening) => {
    const { signal, onProgress } = listening
    const text = messages.map(({ content }) => content).join('')
    const input = estimateTokens(text)
    const about = (output: number) => ({
      inputTokens: input,
      outputTokens: output,
      cost: costOf({ input, output }, settings),
      isEstimate: true,
    })
    const { inputTokens, cost } = about(0)
    signal.throwIfAborted()
    // Before it begins anew: with that, an earlier call for the same counts as lost.
    write(listening)
    const id = book.begin({ ...caller, model, inputTokens, cost })
    const end = (how: ModelCallEnd): void => {
      unwritten.push({ id, end: how })
      write(listening)
    }
    let heard = 0
    let answer: ModelAnswer
    try {
      answer = await ask(messages, {
        signal,
        onText(soFar) {
          heard = soFar.length
          onProgress(`${model} has written ${heard.toLocaleString('en')} characters`)
        },
      })
    } catch (error) {
      const note = error instanceof Error ? error.message : String(error)
      const code = (error as { readonly code?: unknown }).code
      if (code === 'MODEL_AWAY' || code === 'MODEL_REFUSED') {
        end({ ...NOTHING, note })
      } else end({ state: 'lost', ...about(Math.ceil(heard / 4)), note })
      throw error
    }
    end(answeredBy(answer))
    return answer
  }
  const answeredBy = ({ tokens, isEstimate, cutShort = '' }: ModelAnswer): ModelCallEnd => ({
    state: 'answered',
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    cost: costOf(tokens, settings),
    isEstimate,
    note: cutShort,
  })

  return async (messages: readonly Message[], caller: Caller, listening: Listening): Promise<ModelAnswer> => {
    let losses = 0
    let firstAwayAt: number | undefined
    let pauseMs = FIRST_PAUSE_MS
    for (;;) {
      listening.onProgress(`waits for its turn to ask ${model}`)
      // What was sent is not sent again when the end of the permit cannot be told to Redis.
      let sent: Promise<ModelAnswer> | undefined
      try {
        return await withPermit(
          listening.signal,
          (signal) => (sent ??= once(messages, caller, { ...listening, signal })),
        )
      } catch (error) {
        listening.signal.throwIfAborted()
        if (isLoss(error) && ++losses < MOST_LOSSES) continue
        if (!(error instanceof ModelAwayError)) throw error
        firstAwayAt ??= performance.now()
        // Also one that says "at once" is not asked in a loop.
        const waitMs = Math.max(error.askedMs ?? 0, pauseMs)
        if (performance.now() - firstAwayAt + waitMs > patienceMs)
          throw new ModelBusyError(error.message, waitMs)
        listening.onProgress(`waits ${Math.ceil(waitMs / 1_000)} s, as ${model} asks`)
        await sleep(waitMs, undefined, { signal: listening.signal })
        pauseMs *= 2
      }
    }
  }
}
