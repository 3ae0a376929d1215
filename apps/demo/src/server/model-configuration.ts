import * as z from 'zod'
import type { WorldOptions } from '../live/options.ts'
import { MODEL_DEFAULTS } from '../model/model-settings.ts'
import { dollars, milliseconds, number, yesOrNo } from './values.ts'

/** No message shows what is in it: a user may have put a key there. */
const apiUrl = z.string().refine(
  (text) => {
    if (!URL.canParse(text)) return false
    const { protocol, username, password, search, hash } = new URL(text)
    return /^https?:$/.test(protocol) && username + password + search + hash === ''
  },
  {
    error:
      'cannot be read: write the address to its version, such as https://api.example.org/v1, and the key apart',
  },
)

/** Keys of the configuration about the second reviewer. */
export const MODEL_KEYS = {
  AIREVIEW_MODEL_STUB: yesOrNo.default(false),
  AIREVIEW_MODEL_URL: apiUrl.transform((url) => url.replace(/\/+$/, '')).optional(),
  AIREVIEW_MODEL_KEY: z
    .string()
    .regex(
      /^[\x21-\x7e]{6,1000}$/,
      'must have at least 6 characters, without spaces; a server that wants none takes any',
    )
    .optional(),
  AIREVIEW_MODEL: z.string().optional(),
  AIREVIEW_MODEL_INPUT_PRICE: dollars(10_000, '0.25').optional(),
  AIREVIEW_MODEL_OUTPUT_PRICE: dollars(10_000, '2').optional(),
  AIREVIEW_MODEL_FIRST_BYTE_MS: milliseconds(100, 290_000, 30_000).default(MODEL_DEFAULTS.firstByteMs),
  AIREVIEW_MODEL_WHOLE_MS: milliseconds(100, 1_200_000, 120_000).default(MODEL_DEFAULTS.wholeMs),
  AIREVIEW_MODEL_PATIENCE_MS: milliseconds(0, 1_200_000, 60_000).default(MODEL_DEFAULTS.patienceMs),
  AIREVIEW_MODEL_INPUT_TOKENS: number(500, 1_000_000, 'tokens', 24_000).default(MODEL_DEFAULTS.inputTokens),
  AIREVIEW_MODEL_CALLS: number(1, 100, 'a number', 8).default(MODEL_DEFAULTS.maxCalls),
}

const READ = z.object(MODEL_KEYS)
type Read = z.infer<typeof READ>

const NEEDED = ['AIREVIEW_MODEL_URL', 'AIREVIEW_MODEL_KEY', 'AIREVIEW_MODEL'] as const

export function modelProblems(read: Read): readonly string[] {
  const given = NEEDED.filter((key) => read[key] !== undefined)
  if (read.AIREVIEW_MODEL_STUB) {
    if (given.length === 0) return []
    return [
      `AIREVIEW_MODEL_STUB answers in place of a model, and ${given[0]} names one: leave one of them out`,
    ]
  }
  if (given.length === 0 || given.length === NEEDED.length) return []
  return NEEDED.filter((key) => read[key] === undefined).map(
    (key) => `${key} is not set, and ${given[0]} is: a model needs ${NEEDED.join(', ')}`,
  )
}

/** What the second reviewer is; undefined: there is none. */
export function modelOf(read: Read): WorldOptions['model'] {
  const {
    AIREVIEW_MODEL_STUB: isStub,
    AIREVIEW_MODEL_URL: url,
    AIREVIEW_MODEL_KEY: key,
    AIREVIEW_MODEL: model,
  } = read
  const usual = isStub ? STUB_PRICES : MODEL_DEFAULTS
  const limits = {
    inputPrice: read.AIREVIEW_MODEL_INPUT_PRICE ?? usual.inputPrice,
    outputPrice: read.AIREVIEW_MODEL_OUTPUT_PRICE ?? usual.outputPrice,
    firstByteMs: read.AIREVIEW_MODEL_FIRST_BYTE_MS,
    wholeMs: read.AIREVIEW_MODEL_WHOLE_MS,
    patienceMs: read.AIREVIEW_MODEL_PATIENCE_MS,
    inputTokens: read.AIREVIEW_MODEL_INPUT_TOKENS,
    maxCalls: read.AIREVIEW_MODEL_CALLS,
  }
  if (isStub) return { stub: true, ...limits }
  return url === undefined || key === undefined || model === undefined
    ? undefined
    : { url, key, model, ...limits }
}

/** The stub costs nothing. The page shows what its tokens would cost at these. */
const STUB_PRICES = { inputPrice: 0.25, outputPrice: 2 }
