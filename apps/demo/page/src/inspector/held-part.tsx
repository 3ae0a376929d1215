import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { HeldView } from '../../../src/events/snapshot.ts'
import { lengthOf } from '../format.ts'

/** Between two questions for the same record. */
const PAUSE_MS = 1_000

/**
 * What Redis holds, decoded. It is read again when what it is about has changed, and marks what is new since.
 *
 * @param read undefined: the server did not answer
 * @param state another one means that it may have changed
 */
export function HeldPart({
  read: readHeld,
  state,
}: {
  readonly read: () => Promise<readonly HeldView[] | undefined>
  readonly state: string
}): JSX.Element {
  const held = useSignal<readonly HeldView[] | undefined>(undefined)
  const before = useRef<ReadonlyMap<string, string>>(new Map())
  const readAt = useRef(0)
  const isOpen = useSignal(true)

  useEffect(() => {
    if (!isOpen.value) return
    let isOver = false
    const read = async (): Promise<void> => {
      readAt.current = Date.now()
      const found = await readHeld()
      if (isOver) return
      before.current = new Map(
        held.value?.flatMap(({ key, fields }) => fields.map(({ name, value }) => [`${key} ${name}`, value])),
      )
      held.value = found ?? []
    }
    const timer = setTimeout(() => void read(), Math.max(0, readAt.current + PAUSE_MS - Date.now()))
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [state, isOpen.value])

  const shown = held.value
  return (
    <details
      class="record"
      open={isOpen.value}
      onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}
    >
      <summary>What Redis holds</summary>
      {shown === undefined && <p class="muted small">Reading it…</p>}
      {shown?.length === 0 && (
        <p class="muted small">Nothing: it has not begun, was forgotten, or its time is over.</p>
      )}
      {shown?.map((each) => (
        <Held key={each.key} held={each} before={before.current} />
      ))}
    </details>
  )
}

/** @param before the value of each field when it was read before, by key and name */
function Held({
  held: { key, kind, ttlMs, fields, raw },
  before,
}: {
  readonly held: HeldView
  readonly before: ReadonlyMap<string, string>
}): JSX.Element {
  const isRaw = useSignal(false)
  return (
    <div class="held">
      <code class="held-key">{key}</code>
      <p class="muted small">
        {kind}
        {ttlMs !== null && `, kept for ${lengthOf(ttlMs)} more`}
      </p>
      {isRaw.value ? (
        <pre>{raw}</pre>
      ) : (
        <dl>
          {fields.map(({ name, value, meaning }) => {
            const was = before.get(`${key} ${name}`)
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
  )
}
