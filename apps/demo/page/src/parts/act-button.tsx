import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import type { ActionName, Actions } from '../../../src/events/snapshot.ts'
import { act } from '../act.ts'
import { part } from '../model/store.ts'
import { isLost } from '../view.ts'

/** How long what was done stays written at its button; what was not done stays until the next act. */
const DONE_MS = 4_000

/**
 * A button that does something to the world. It says at its own place why something was not done. A verb that this world has
 * not is disabled, with the reason.
 */
export function ActButton<Name extends ActionName>({
  name,
  input,
  label,
  class: className = 'act little',
  disabled = false,
  children,
}: {
  readonly name: Name
  readonly input: Actions[Name]
  /** Its accessible name, when it is more than what is seen. */
  readonly label?: string
  readonly class?: string
  readonly disabled?: boolean
  readonly children: ComponentChildren
}): JSX.Element {
  const isActing = useSignal(false)
  const answer = useSignal<{ readonly ok: boolean; readonly message: string } | null>(null)
  const missing = part('world').value.missingActions[name]
  const run = async (): Promise<void> => {
    isActing.value = true
    answer.value = null
    const given = await act(name, input)
    isActing.value = false
    answer.value = given
    if (given.ok) setTimeout(() => answer.value === given && (answer.value = null), DONE_MS)
  }
  return (
    <span class="act-place">
      <button
        type="button"
        class={className}
        aria-label={label}
        title={missing ?? label}
        disabled={disabled || isActing.value || isLost.value || missing !== undefined}
        onClick={() => void run()}
      >
        {children}
      </button>
      <span role="status" class={answer.value?.ok === false ? 'answer bad' : 'answer'}>
        {answer.value !== null && !answer.value.ok && answer.value.message}
      </span>
    </span>
  )
}
