import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ActionAnswer } from '../../../src/events/snapshot.ts'
import { isLost } from '../view.ts'
import { closeDialog } from './sheet.tsx'

export interface ActionFormProps {
  /** What the button says that does it. */
  readonly verb: string
  readonly isDangerous?: boolean
  /** A refusal is shown in the dialog, which then stays open. */
  readonly onSubmit: (fields: FormData) => Promise<ActionAnswer>
  readonly children: ComponentChildren
}

export function ActionForm({ verb, isDangerous = false, onSubmit, children }: ActionFormProps): JSX.Element {
  const [refusal, setRefusal] = useState<string>()
  const [isUnderWay, setUnderWay] = useState(false)
  const submit = async (form: HTMLFormElement): Promise<void> => {
    setUnderWay(true)
    setRefusal(undefined)
    const { ok, message } = await onSubmit(new FormData(form))
    setUnderWay(false)
    if (ok) closeDialog()
    else setRefusal(message)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void submit(event.currentTarget)
      }}
    >
      {children}
      {refusal !== undefined && (
        <p class="answer bad" role="alert">
          {refusal}
        </p>
      )}
      <div class="verbs">
        <button type="button" class="act" onClick={closeDialog}>
          Cancel
        </button>
        <button
          type="submit"
          class={isDangerous ? 'act danger' : 'primary'}
          disabled={isUnderWay || isLost.value}
        >
          {verb}
        </button>
      </div>
    </form>
  )
}

export interface FieldProps {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly value?: string
  readonly isSecret?: boolean
}

export function Field({ name, label, hint, value, isSecret = false }: FieldProps): JSX.Element {
  const common = {
    name,
    required: true,
    defaultValue: value,
    autocomplete: 'off',
    spellcheck: false,
  } as const
  return (
    <label class="field">
      <span>{label}</span>
      {isSecret ? <input type="password" {...common} /> : <input type="text" {...common} />}
      {hint !== undefined && <small class="small">{hint}</small>}
    </label>
  )
}

/** What was typed into a field of that name. */
export function typed(fields: FormData, name: string): string {
  const value = fields.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
