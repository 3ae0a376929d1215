import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Work } from '../../../src/events/page-event.ts'
import type { RecordView } from '../../../src/events/snapshot.ts'
import { readRecord } from '../act.ts'
import { lengthOf } from '../format.ts'

/** Between two questions for the same record. */
const PAUSE_MS = 1_000

/**
 * What Redis holds, decoded. It is read again when the work has changed, and marks what is new since.
 *
 * @param state of the work: another one means that the record may have changed
 */
export function RecordPart({ work, state }: { readonly work: Work; readonly state: string }): JSX.Element {
  const record = useSignal<RecordView | null | undefined>(undefined)
  const before = useRef<ReadonlyMap<string, string>>(new Map())
  const readAt = useRef(0)
  const isOpen = useSignal(true)
  const isRaw = useSignal(false)

  useEffect(() => {
    if (!isOpen.value) return
    let isOver = false
    const read = async (): Promise<void> => {
      readAt.current = Date.now()
      const found = await readRecord(work.jobType, work.jobKey)
      if (isOver) return
      before.current = new Map(record.value?.fields.map(({ name, value }) => [name, value]))
      record.value = found ?? null
    }
    const timer = setTimeout(() => void read(), Math.max(0, readAt.current + PAUSE_MS - Date.now()))
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [state, isOpen.value])

  const shown = record.value
  return (
    <details
      class="record"
      open={isOpen.value}
      onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}
    >
      <summary>What Redis holds</summary>
      {shown === undefined && <p class="muted small">Reading it…</p>}
      {shown === null && (
        <p class="muted small">Nothing: it has not begun, was forgotten, or its time is over.</p>
      )}
      {shown != null && (
        <div class="held">
          <code class="held-key">{shown.key}</code>
          <p class="muted small">
            {shown.kind}
            {shown.ttlMs !== null && `, kept for ${lengthOf(shown.ttlMs)} more`}
          </p>
          {isRaw.value ? (
            <pre>{shown.raw}</pre>
          ) : (
            <dl>
              {shown.fields.map(({ name, value, meaning }) => {
                const was = before.current.get(name)
                const isNew = was !== undefined && was !== value
                return (
                  <div key={name} title={meaning}>
                    <dt>{name}</dt>
                    <dd class={isNew ? 'is-new' : undefined}>
                      {value}
                      {isNew && <span class="heard"> (changed)</span>}
                    </dd>
                  </div>
                )
              })}
            </dl>
          )}
          <button type="button" class="link" onClick={() => (isRaw.value = !isRaw.value)}>
            {isRaw.value ? 'Decoded' : 'Raw'}
          </button>
        </div>
      )}
    </details>
  )
}
