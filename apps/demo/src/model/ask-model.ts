import OpenAI from 'openai'
import * as z from 'zod'
import { ANSWER_SCHEMA, isWhole } from './answer.ts'
import { hushing } from './hush.ts'
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

/** As much of a part as is read; some servers leave out what OpenAI's types promise. */
const CHUNK = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z.unknown().optional(),
})

/** It came in order, and is no JSON, or none that says what an answer says. */
function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof z.ZodError
}

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
    // The library takes headers from the environment as well, and follows to addresses that the user has not configured.
    fetch: (input, init) =>
      fetch(input, {
        ...init,
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
        },
        redirect: 'manual',
      }),
  })
  const hushed = hushing(key)

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
    let [hasBegun, hasEnded] = [false, false]
    let usage: unknown
    let type: string | null = null
    try {
      const { data: stream, response } = await client.chat.completions
        .create(
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
        .withResponse()
      type = response.headers.get('content-type')
      for await (const chunk of stream) {
        clearTimeout(first)
        const { choices, usage: counted } = CHUNK.parse(chunk)
        usage = counted ?? usage
        const choice = choices?.[0]
        if (choice === undefined) continue
        hasBegun = true
        text += choice.delta?.content ?? ''
        if (choice.delta?.refusal) cutShort = `The model does not want to: ${hushed(choice.delta.refusal)}`
        if (typeof choice.finish_reason === 'string') hasEnded = true
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
      if (!isUnreadable(error)) throw whatWentWrong(error, text, hushed)
      cutShort = 'A part of the stream cannot be read.'
    } finally {
      clearTimeout(whole)
      clearTimeout(first)
    }
    // The stream of the library ends without a word when it is aborted.
    ending.throwIfAborted()
    if (!hasBegun) cutShort ??= `The API has streamed no answer (${hushed(type ?? 'no content type')}).`
    // Some servers never say it, and all of it is there. JSON that is cut off cannot be read.
    else if (!hasEnded) cutShort ??= isWhole(text) ? undefined : 'The answer has no end.'
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
    // Nothing was sent where no server listens.
    const cause = rootOf(error)
    if (text === '' && isUnsent(cause))
      return new ModelAwayError(`The model cannot be reached (${cause.code}).`, undefined)
    return lostAfter(text, hushed(cause.message.split('\n', 1).join('')))
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
  'ENETDOWN',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  // TLS: what comes before the first byte of the request.
  'EPROTO',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
])

function isUnsent({ code = '', syscall, message }: NodeJS.ErrnoException): boolean {
  return (
    UNSENT.has(code) ||
    syscall === 'connect' ||
    /^ERR_SSL_\w*(HANDSHAKE|ALERT_PROTOCOL_VERSION|UNRECOGNIZED_NAME)/.test(code) ||
    message.includes('before secure TLS connection was established')
  )
}

function rootOf(error: unknown): NodeJS.ErrnoException {
  let root = error as Error
  while (root.cause instanceof Error) root = root.cause
  return root
}

function lostAfter(text: string, why = 'the connection was closed'): AnswerLostError {
  return new AnswerLostError(`The model's answer broke off after ${text.length} characters: ${why}.`)
}
