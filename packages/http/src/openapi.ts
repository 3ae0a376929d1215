/** What an OpenAPI description says of an idempotent route, in the words of this package. */

/** Of the header with the key. */
export const KEY_DESCRIPTION: string =
  'Chosen by the client: new for each new request, and the same when that request is sent again.'

/** An answer as OpenAPI describes it. */
export interface DescribedAnswer {
  readonly description: string
  readonly content: Readonly<Record<string, { readonly schema: object }>>
}

const PROBLEM = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    retryable: { type: 'boolean' },
  },
}

const problem = (description: string): DescribedAnswer => ({
  description,
  content: { 'application/problem+json': { schema: PROBLEM } },
})

/** The problem documents that the route answers by itself, by their status. */
export const PROBLEM_ANSWERS: Readonly<Record<string, DescribedAnswer>> = {
  400: problem('The idempotency key is missing or malformed'),
  409: problem('The first request with this key is in progress, or its answer cannot be replayed'),
  415: problem('The content type of the body is not one that this route reads'),
  422: problem('The idempotency key was used with another payload'),
  500: problem('The request has failed for good, or what is known of its key cannot be read'),
  503: problem('Idempotency cannot be guaranteed at the moment'),
}
