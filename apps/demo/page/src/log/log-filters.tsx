import type { JSX } from 'preact'
import { type LogFilter, logFilter } from '../view.ts'
import { LEVELS, type LogEntry } from './log-lines.ts'

const change = (part: Partial<LogFilter>): void => {
  logFilter.value = { ...logFilter.value, ...part }
}

const orNull = (value: string): string | null => (value === '' ? null : value)

/** Of which execution, instance and level, and with which words. */
export function LogFilters({ lines }: { readonly lines: readonly LogEntry[] }): JSX.Element {
  const { executionId, instance, level, text } = logFilter.value
  const instances = [...new Set(lines.map((line) => line.instance))].toSorted()
  return (
    <>
      {executionId !== null && (
        <span class="filter">
          <code title={executionId}>executionId = {shortId(executionId)}</code>
          <button
            type="button"
            class="icon little"
            aria-label="Show the lines of all executions"
            onClick={() => change({ executionId: null })}
          >
            ×
          </button>
        </span>
      )}
      <select
        aria-label="Instance"
        value={instance ?? ''}
        onChange={({ currentTarget }) => change({ instance: orNull(currentTarget.value) })}
      >
        <option value="">all instances</option>
        {instances.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="Level"
        value={level ?? ''}
        onChange={({ currentTarget }) => change({ level: orNull(currentTarget.value) })}
      >
        <option value="">all levels</option>
        {LEVELS.slice(1).map((name) => (
          <option key={name} value={name}>
            {name === 'error' ? name : `${name} and worse`}
          </option>
        ))}
      </select>
      <input
        id="log-text"
        type="search"
        aria-label="Text in the line"
        placeholder="Text in the line"
        value={text}
        onInput={({ currentTarget }) => change({ text: currentTarget.value })}
      />
    </>
  )
}

/** `8fK2wq…yT3A` */
function shortId(id: string): string {
  return id.length > 14 ? `${id.slice(0, 6)}…${id.slice(-4)}` : id
}
