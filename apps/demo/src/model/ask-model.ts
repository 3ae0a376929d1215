import OpenAI from 'openai'
import * as z from 'zod'
import { ANSWER_SCHEMA } from './answer.ts'
import { AnswerLostError, ModelAwayError, ModelRefusedError } from './model-errors.ts'
import { type ModelSettings, type Tokens, estimateTokens } from './model-settings.ts'
import type { Message } from './prompt.ts'
import { retryAfterIn } from './retry-after.ts'

export interface ModelAnswer {
  readonly text: string
  readonly tokens: Tokens
  /** The model has not said how many tokens there were. */
  readonly isEstimate: boolean
  /** Why it ended before its end; undefined: it did not. */
  readonly cutShort: string | undefined
}

export interface Hearing {
  readonly signal: AbortSignal
  /** All of the answer so far. */
  readonly onText: (text: string) => void
}

/** One question, one answer. @throws what `model-errors.ts` has, or the reason of the signal */
export type AskModel = (messages: readonly Message[], hearing: Hearing) => Promise<ModelAnswer>

const HOUR_MS = 3_600_000

/** No answer that was asked for is so long. */
const MOST_CHARACTERS = 256 * 1024

/** No call has more of them. */
const TOKENS = z.int().min(0).max(1e9)

const USAGE = z.object({ prompt_tokens: TOKENS, completion_tokens: TOKENS })

/** Speaks to an OpenAI-compatible API, and hears the answer while it is written. */
export function modelOver(settings: ModelSettings): AskModel {
  const { url, key, model, firstByteMs, wholeMs } = settings
  const client = new OpenAI({
    baseURL: url,
    apiKey: key,
    // Of the environment nothing counts.
    organization: null,
    project: null,
    maxRetries: 0,
    // The limits below are ours.
    timeout: HOUR_MS,
    logLevel: 'off',
  })
  /** An API may repeat the key that it does not know. */
  const hushed = (text: string): string => text.replaceAll(key, '[key]')

  return async (messages, { signal, onText }) => {
    const limit = new AbortController()
    const endAfter = (ms: number, what: string): NodeJS.Timeout =>
      setTimeout(
        () => limit.abort(new AnswerLostError(`The model's answer did not ${what} within ${ms / 1_000} s.`)),
        ms,
      )
    const whole = endAfter(wholeMs, 'end')
    const first = endAfter(firstByteMs, 'begin')
    const ending = AbortSignal.any([signal, limit.signal])
    let text = ''
    let cutShort: string | undefined
    let hasEnded = false
    let usage: unknown
    try {
      const stream = await client.chat.completions.create(
        {
          model,
          messages: [...messages],
          stream: true,
          stream_options: { include_usage: true },
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'review', strict: true, schema: ANSWER_SCHEMA },
          },
        },
        { signal: ending },
      )
      for await (const { choices, usage: counted } of stream) {
        clearTimeout(first)
        usage = counted ?? usage
        const [choice] = choices
        if (choice === undefined) continue
        text += choice.delta.content ?? ''
        if (choice.delta.refusal) cutShort = `The model does not want to: ${hushed(choice.delta.refusal)}`
        if (choice.finish_reason !== null) hasEnded = true
        if (choice.finish_reason === 'length') cutShort = 'The answer was cut off at the limit of its length.'
        if (choice.finish_reason === 'content_filter') cutShort = 'The API has filtered the answer.'
        if (text.length > MOST_CHARACTERS) {
          cutShort = `The answer is longer than ${MOST_CHARACTERS} characters.`
          hasEnded = true
          break
        }
        onText(text)
      }
    } catch (error) {
      ending.throwIfAborted()
      throw whatWentWrong(error, text, hushed)
    } finally {
      clearTimeout(whole)
      clearTimeout(first)
    }
    // The stream of the library ends without a word when it is aborted, and when the connection is closed.
    ending.throwIfAborted()
    if (!hasEnded) throw lostAfter(text)
    // What cannot be true counts as not said.
    const { data: said } = USAGE.safeParse(usage)
    return {
      text,
      tokens: {
        input: said?.prompt_tokens ?? estimateTokens(messages.map(({ content }) => content).join('')),
        output: said?.completion_tokens ?? estimateTokens(text),
      },
      isEstimate: said === undefined,
      cutShort,
    }
  }
}

function whatWentWrong(error: unknown, text: string, hushed: (text: string) => string): Error {
  if (!(error instanceof OpenAI.APIError) || error.status === undefined) {
    // Nothing was sent where nobody listens.
    const cause = rootOf(error)
    if (text === '' && UNSENT.has(cause.code ?? ''))
      return new ModelAwayError(`The model cannot be reached (${cause.code}).`, undefined)
    return lostAfter(text, hushed(cause.message))
  }
  const { status, code, headers } = error
  const said = hushed(error.message).slice(0, 300)
  const isTooMuch = status === 429 && code !== 'insufficient_quota'
  if (isTooMuch || status >= 500 || status === 408) {
    return new ModelAwayError(`The model is busy or out of order (${said}).`, retryAfterIn(headers))
  }
  return new ModelRefusedError(`The model's API refuses the request (${said}).`)
}

const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

function rootOf(error: unknown): Error & { readonly code?: string } {
  let root = error as Error
  while (root.cause instanceof Error) root = root.cause
  return root
}

function lostAfter(text: string, why = 'the connection was closed'): AnswerLostError {
  return new AnswerLostError(`The model's answer broke off after ${text.length} characters: ${why}.`)
}
