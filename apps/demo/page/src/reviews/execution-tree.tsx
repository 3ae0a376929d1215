import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { lowerPart } from '../model/store.ts'
import { shortNameOf } from '../model/names.ts'
import { lengthOf } from '../format.ts'
import { ticking } from '../ticking.ts'
import { selection } from '../view.ts'
import { type TreeRow, executionTree, treeRows } from './tree-nodes.ts'
import { attemptWords } from './words.ts'

/** The executions of a review, those that they started below them, each with its time on one axis. */
export function ExecutionTree({ reviewId }: { readonly reviewId: string }): JSX.Element | null {
  const nodes = executionTree(
    { attempts: lowerPart('attempts').value, calls: lowerPart('calls').value },
    reviewId,
  )
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set())
  const [current, setCurrent] = useState<string>()
  const tree = useRef<HTMLDivElement>(null)
  const rows = treeRows(nodes, folded)
  // One row says no more than the head of the review does.
  if (rows.length < 2 && folded.size === 0) return null

  const reached = rows.find(({ node }) => node.key === current) ?? rows[0]
  const goTo = (row: TreeRow | undefined): void => {
    if (row === undefined) return
    setCurrent(row.node.key)
    tree.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(row.node.key)}"]`)?.focus()
  }
  const fold = (key: string, isFolded: boolean): void => {
    setFolded(new Set(isFolded ? [...folded, key] : [...folded].filter((other) => other !== key)))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (reached === undefined) return
    const at = rows.indexOf(reached)
    const { key, children } = reached.node
    const isOpen = children.length > 0 && !folded.has(key)
    switch (event.key) {
      case 'ArrowDown':
        goTo(rows[at + 1])
        break
      case 'ArrowUp':
        goTo(rows[at - 1])
        break
      case 'Home':
        goTo(rows[0])
        break
      case 'End':
        goTo(rows.at(-1))
        break
      case 'ArrowRight':
        if (isOpen) goTo(rows[at + 1])
        else fold(key, false)
        break
      case 'ArrowLeft':
        if (isOpen) fold(key, true)
        else goTo(rows.find(({ node }) => node.key === reached.parent))
        break
      case 'Enter':
        select(reached, reviewId)
        break
      default:
        return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  const from = Math.min(...rows.map(({ node }) => node.from))
  const isOver = rows.every(({ node }) => node.to !== null)
  const to = isOver ? Math.max(...rows.map(({ node }) => node.to ?? 0)) : Math.max(ticking.value, from + 1)
  return (
    <>
      <h4 class="tree-title" id="tree-title">
        What ran for this change
      </h4>
      <div ref={tree} class="tree" role="tree" aria-labelledby="tree-title" onKeyDown={onKeyDown}>
        {rows.map((row) => (
          <Row
            key={row.node.key}
            row={row}
            from={from}
            to={to}
            isFolded={folded.has(row.node.key)}
            isReached={row === reached}
            onChoose={() => {
              setCurrent(row.node.key)
              select(row, reviewId)
            }}
          />
        ))}
      </div>
    </>
  )
}

function select({ node }: TreeRow, jobKey: string): void {
  selection.value = { kind: 'work', jobType: node.jobType, jobKey }
}

interface RowProps {
  readonly row: TreeRow
  /** The time of the whole tree. */
  readonly from: number
  readonly to: number
  readonly isFolded: boolean
  /** Where the keyboard is. */
  readonly isReached: boolean
  readonly onChoose: () => void
}

const STATES = {
  running: 'running',
  done: 'done',
  failed: 'failed',
  stored: 'had been done',
  shared: 'got its result',
}

function Row({ row, from, to, isFolded, isReached, onChoose }: RowProps): JSX.Element {
  const { node, level, position, siblings } = row
  const whole = Math.max(1, to - from)
  const took = (node.to ?? to) - node.from
  return (
    <div
      role="treeitem"
      data-key={node.key}
      class={node.state}
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={node.children.length === 0 ? undefined : !isFolded}
      aria-selected={isReached}
      tabIndex={isReached ? 0 : -1}
      style={{ '--level': level }}
      onClick={onChoose}
    >
      <span class="name">{shortNameOf({ jobType: node.jobType, jobKey: '' })}</span>
      <span class="track" aria-hidden="true">
        <i style={{ '--from': (node.from - from) / whole, '--part': took / whole }} />
      </span>
      <span class="small attempt">{attemptWords(node.attempt) ?? STATES[node.state]}</span>
      <span class="small">{node.instance}</span>
      <span class="small number took">{lengthOf(took)}</span>
    </div>
  )
}
