import * as z from 'zod'

/** What a delivery of a forge asks for, in GitHub's format. */
export type Delivery =
  | {
      readonly kind: 'range'
      readonly repository: string
      readonly base: string
      readonly head: string
      readonly at: number
    }
  /** Nothing that is reviewed. */
  | { readonly kind: 'other'; readonly message: string }
  | { readonly kind: 'unreadable'; readonly message: string }

const commit = z.string().regex(/^[0-9a-f]{40}$/, 'must be the id of a commit')
const instant = z.union([
  z.number().transform((seconds) => seconds * 1_000),
  z.iso.datetime().transform(Date.parse),
])
const name = z.string().min(1)

const PUSH = z.object({
  before: commit,
  after: commit,
  ref: z.string(),
  repository: z.object({ full_name: name, pushed_at: instant }),
})

const PULL_REQUEST = z.object({
  action: z.string(),
  repository: z.object({ full_name: name }),
  pull_request: z.object({
    updated_at: instant,
    base: z.object({ sha: commit }),
    head: z.object({ sha: commit }),
  }),
})

/** After these there is something new to review. */
const NEWS: readonly string[] = ['opened', 'reopened', 'synchronize', 'ready_for_review']

const BRANCHES = 'refs/heads/'

const NOTHING = '0'.repeat(40)

export function readDelivery(event: string, body: string): Delivery {
  try {
    const payload: unknown = JSON.parse(body)
    if (event === 'push') return readPush(PUSH.parse(payload))
    if (event === 'pull_request') return readPullRequest(PULL_REQUEST.parse(payload))
    return { kind: 'other', message: event === 'ping' ? 'It is here.' : `Nothing is done about ${event}.` }
  } catch (error) {
    return {
      kind: 'unreadable',
      message: error instanceof z.ZodError ? z.prettifyError(error) : String(error),
    }
  }
}

function readPush({ before, after, ref, repository }: z.infer<typeof PUSH>): Delivery {
  if (!ref.startsWith(BRANCHES))
    return { kind: 'other', message: `Nothing is done about ${ref}: it is no branch.` }
  if (after === NOTHING) return { kind: 'other', message: `${ref} was deleted.` }
  const { full_name: full, pushed_at: at } = repository
  // Of a branch that is new, its last commits.
  return { kind: 'range', repository: full, base: before === NOTHING ? '' : before, head: after, at }
}

function readPullRequest({
  action,
  repository,
  pull_request: request,
}: z.infer<typeof PULL_REQUEST>): Delivery {
  if (!NEWS.includes(action))
    return { kind: 'other', message: `Nothing is done about a pull request that is ${action}.` }
  const { base, head, updated_at: at } = request
  return { kind: 'range', repository: repository.full_name, base: base.sha, head: head.sha, at }
}
