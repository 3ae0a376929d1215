import type { JSX, RefObject, TargetedEvent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { nameOf } from '../model/names.ts'
import { lowerPart } from '../model/store.ts'
import { exactClockOf } from '../format.ts'
import { type LogEntry, keyOf, rowsInView } from './log-lines.ts'

/** On a phone a line is two rows tall; see log.css. */
const NARROW = '(max-width: 600px)'
const ROW_HEIGHTS = { wide: 22, narrow: 42 }

export interface LogListProps {
  readonly lines: readonly LogEntry[]
  readonly chosen: LogEntry | undefined
  /** Whether the newest line stays in view. */
  readonly follows: boolean
  readonly onChoose: (line: LogEntry) => void
  /** The reader scrolled: to the end, or away from it. */
  readonly onFollow: (isAtEnd: boolean) => void
}

/** Only the rows in view are there: thousands of lines cost no more than twenty. */
export function LogList({ lines, chosen, follows, onChoose, onFollow }: LogListProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null)
  const inner = useRef<HTMLDivElement>(null)
  const rowHeight = useNarrow() ? ROW_HEIGHTS.narrow : ROW_HEIGHTS.wide
  const [view, setView] = useState({ top: 0, height: 286 })
  const full = lines.length * rowHeight

  useEnd(list, inner, follows)

  const onScroll = ({ currentTarget }: TargetedEvent<HTMLDivElement>): void => {
    const { scrollTop, clientHeight, scrollHeight } = currentTarget
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - rowHeight / 2
    // The rows at the end are there already.
    if (!isAtEnd || !follows || clientHeight !== view.height)
      setView({ top: scrollTop, height: clientHeight })
    if (isAtEnd !== follows) onFollow(isAtEnd)
  }

  const move = (event: KeyboardEvent): void => {
    const to = target(event.key, lines, chosen)
    if (to === undefined || list.current === null) return
    event.preventDefault()
    event.stopPropagation()
    const top = lines.indexOf(to) * rowHeight
    const { scrollTop, clientHeight } = list.current
    if (top < scrollTop) list.current.scrollTop = top
    if (top + rowHeight > scrollTop + clientHeight) list.current.scrollTop = top + rowHeight - clientHeight
    onChoose(to)
  }

  const top = follows ? Math.max(0, full - view.height) : view.top
  const { first, end } = rowsInView(lines.length, rowHeight, top, view.height)
  return (
    <div
      ref={list}
      class="log-lines"
      role="listbox"
      aria-label="Log lines"
      tabIndex={0}
      aria-activedescendant={chosen === undefined ? undefined : idOf(chosen)}
      onScroll={onScroll}
      onKeyDown={move}
    >
      <div class="log-height" ref={inner} role="presentation" style={{ height: `${full}px` }}>
        {lines.slice(first, end).map((line, index) => (
          <Line
            key={keyOf(line)}
            line={line}
            at={first + index}
            count={lines.length}
            top={(first + index) * rowHeight}
            isChosen={line === chosen}
            onChoose={onChoose}
          />
        ))}
      </div>
    </div>
  )
}

/**
 * Keeps the end in view while it is followed. The browser asks for it when it has laid out what is new: at any other moment,
 * to scroll would make it lay out the page once more.
 */
function useEnd(
  list: RefObject<HTMLDivElement | null>,
  inner: RefObject<HTMLDivElement | null>,
  follows: boolean,
): void {
  useEffect(() => {
    if (!follows || list.current === null || inner.current === null) return
    const observer = new ResizeObserver(() => {
      if (list.current !== null) list.current.scrollTop = list.current.scrollHeight
    })
    observer.observe(inner.current)
    return () => observer.disconnect()
  }, [follows])
}

interface LineProps {
  readonly line: LogEntry
  readonly at: number
  readonly count: number
  readonly top: number
  readonly isChosen: boolean
  readonly onChoose: (line: LogEntry) => void
}

function Line({ line, at, count, top, isChosen, onChoose }: LineProps): JSX.Element {
  return (
    <div
      id={idOf(line)}
      role="option"
      aria-selected={isChosen}
      aria-setsize={count}
      aria-posinset={at + 1}
      class={`${line.level} ${line.turn ?? ''}`}
      style={{ transform: `translateY(${top}px)` }}
      title={line.message}
      onClick={() => onChoose(line)}
    >
      <time>{exactClockOf(line.at)}</time>
      <span>{line.instance}</span>
      <span class="level">{line.level}</span>
      <span class="job">{jobOf(line)}</span>
      <span class="message">{line.message}</span>
    </div>
  )
}

/** `review #142`; nothing for a line that belongs to no job. */
function jobOf({ jobType, jobKey }: LogEntry): string {
  const known = lowerPart('world').value.jobTypes.find((type) => type === jobType)
  if (known === undefined || jobKey === null) return jobType ?? ''
  return nameOf({ reviews: lowerPart('reviews').value }, { jobType: known, jobKey })
}

function idOf(line: LogEntry): string {
  return `log-line-${keyOf(line)}`
}

/** The line that a key leads to. */
function target(key: string, lines: readonly LogEntry[], chosen: LogEntry | undefined): LogEntry | undefined {
  const at = chosen === undefined ? lines.length : lines.indexOf(chosen)
  switch (key) {
    case 'ArrowUp':
      return lines[Math.max(0, at - 1)]
    case 'ArrowDown':
      return lines[Math.min(lines.length - 1, at + 1)]
    case 'PageUp':
      return lines[Math.max(0, at - 10)]
    case 'PageDown':
      return lines[Math.min(lines.length - 1, at + 10)]
    case 'Home':
      return lines[0]
    case 'End':
      return lines.at(-1)
    default:
      return undefined
  }
}

function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches)
  useEffect(() => {
    const query = matchMedia(NARROW)
    const read = (): void => setNarrow(query.matches)
    query.addEventListener('change', read)
    return () => query.removeEventListener('change', read)
  }, [])
  return isNarrow
}
