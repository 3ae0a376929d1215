import type { JSX } from 'preact'
import { act } from '../act.ts'
import { ActionForm, Field, typed } from './action-form.tsx'
import { Sheet } from './sheet.tsx'

export interface RejectDialogProps {
  readonly review: string
  readonly number: number
  readonly seen: number
}

/** The author learns why. */
export function RejectDialog({ review, number, seen }: RejectDialogProps): JSX.Element {
  return (
    <Sheet title={`Reject #${number}`}>
      <p class="muted">The author and the project are told why.</p>
      <ActionForm
        verb="Reject it"
        isDangerous
        onSubmit={async (fields) =>
          await act('decide', { review, act: 'reject', seen, reason: typed(fields, 'reason') })
        }
      >
        <Field name="reason" label="Why" />
      </ActionForm>
    </Sheet>
  )
}
