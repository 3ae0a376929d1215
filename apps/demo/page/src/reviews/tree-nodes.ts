import type { JobType } from '../../../src/jobs/job.ts'
import type { Attempt, Call, Model } from '../model/model.ts'

/** A piece of work of a review, and what it started. */
export interface TreeNode {
  readonly key: string
  readonly jobType: JobType
  /** `stored`, `shared`: it did not run for this parent, which got the result of another execution. */
  readonly state: 'running' | 'done' | 'failed' | 'stored' | 'shared'
  readonly instance: string
  readonly attempt: number
  /** From its first attempt to its last end; null while it runs. */
  readonly from: number
  readonly to: number | null
  readonly children: readonly TreeNode[]
}

type Known = Pick<Model, 'attempts' | 'calls'>

/** The work of one review: what a caller started, with the work that it started in turn below it. */
export function executionTree({ attempts, calls }: Known, reviewId: string): readonly TreeNode[] {
  const ofReview = [...attempts.values()].filter(({ jobKey }) => jobKey === reviewId)
  const children = Map.groupBy(ofReview, ({ parentExecutionId }) => parentOf(parentExecutionId, attempts))
  const parents = new Set(ofReview.map(({ executionId }) => executionId))
  const got = Map.groupBy(
    [...calls.values()].filter(
      ({ outcome, parentExecutionId: parent }) =>
        (outcome === 'stored' || outcome === 'waited') && parent !== null && parents.has(parent),
    ),
    ({ parentExecutionId }) => parentOf(parentExecutionId, attempts),
  )
  const below = (parent: JobType | null, path: readonly JobType[]): readonly TreeNode[] => {
    const byType = Map.groupBy(children.get(parent) ?? [], ({ jobType }) => jobType)
    const nodes = [...byType]
      .filter(([jobType]) => !path.includes(jobType))
      .map(([jobType, of]) => ({ ...ranNode(of), children: below(jobType, [...path, jobType]) }))
    const others = (got.get(parent) ?? []).filter(({ jobType }) => !byType.has(jobType)).map(gotNode)
    return [...nodes, ...others].toSorted((a, b) => a.from - b.from)
  }
  return below(null, [])
}

/** The kind of work that started it; null: a caller did, or the page no longer knows it. */
function parentOf(id: string | null, attempts: Model['attempts']): JobType | null {
  return id === null ? null : (attempts.get(id)?.jobType ?? null)
}

function ranNode(attempts: readonly Attempt[]): Omit<TreeNode, 'children'> {
  const [first, ...later] = attempts.toSorted((a, b) => a.fencingToken - b.fencingToken)
  if (first === undefined) throw new Error('A piece of work without an attempt has no node.')
  const last = later.at(-1) ?? first
  const state = last.outcome === null ? 'running' : last.outcome === 'completed' ? 'done' : 'failed'
  return {
    key: `ran-${first.executionId}`,
    jobType: last.jobType,
    state,
    instance: last.instance,
    attempt: last.attempt,
    from: first.startedAt,
    to: last.endedAt,
  }
}

function gotNode(call: Call): TreeNode {
  return {
    key: `got-${call.id}`,
    jobType: call.jobType,
    state: call.outcome === 'stored' ? 'stored' : 'shared',
    instance: call.instance,
    attempt: 1,
    from: call.askedAt,
    to: call.answeredAt ?? call.askedAt,
    children: [],
  }
}

export interface TreeRow {
  readonly node: TreeNode
  readonly level: number
  readonly position: number
  readonly siblings: number
  /** Key of the row that it is below. */
  readonly parent: string | null
}

/** What is seen of the tree, from the top: nothing below a row that is folded. */
export function treeRows(
  nodes: readonly TreeNode[],
  folded: ReadonlySet<string>,
  level = 1,
  parent: string | null = null,
): readonly TreeRow[] {
  return nodes.flatMap((node, index) => [
    { node, level, position: index + 1, siblings: nodes.length, parent },
    ...(folded.has(node.key) ? [] : treeRows(node.children, folded, level + 1, node.key)),
  ])
}
