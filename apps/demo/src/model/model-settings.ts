/** A language model behind an OpenAI-compatible API. */
export interface ModelSettings extends ModelLimits {
  /** To the version: `https://api.example.org/v1`. */
  readonly url: string
  /** Never in a log, an event, an error or a page. */
  readonly key: string
  readonly model: string
}

/** What a model costs, and how much of it a review may use. */
export interface ModelLimits {
  /** Dollars for a million tokens, which are millionths of a dollar for one. */
  readonly inputPrice: number
  readonly outputPrice: number
  /** How long a call may take until the answer begins, and until it ends. */
  readonly firstByteMs: number
  readonly wholeMs: number
  /** How long one call waits altogether for a model that is busy. */
  readonly patienceMs: number
  /** Of the difference in one call, about. A larger one takes several. */
  readonly inputTokens: number
  /** For one review. What does not fit into them is left out. */
  readonly maxCalls: number
}

export const MODEL_DEFAULTS = {
  inputPrice: 0,
  outputPrice: 0,
  firstByteMs: 30_000,
  wholeMs: 120_000,
  patienceMs: 60_000,
  inputTokens: 24_000,
  maxCalls: 8,
} as const satisfies ModelLimits

export interface Tokens {
  readonly input: number
  readonly output: number
}

/** In millionths of a dollar. */
export function costOf(
  { input, output }: Tokens,
  { inputPrice, outputPrice }: Pick<ModelSettings, 'inputPrice' | 'outputPrice'>,
): number {
  return Math.ceil(input * inputPrice + output * outputPrice)
}

const BYTES_A_TOKEN = 4

/** For budgets, and where the model does not say how many there were. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_A_TOKEN)
}
