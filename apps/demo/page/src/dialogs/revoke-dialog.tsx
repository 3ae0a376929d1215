import type { JSX } from 'preact'
import { act } from '../act.ts'
import { ActionForm } from './action-form.tsx'
import { Sheet } from './sheet.tsx'

export interface RevokeProps {
  readonly lock: string
  readonly token: string
  readonly instance: string
}

export function RevokeDialog({ lock, token, instance }: RevokeProps): JSX.Element {
  return (
    <Sheet title={`Take it from ${instance}?`}>
      <p>
        <b>{instance}</b> holds <b>{lock}</b>. It learns that it has lost it at its next renewal, and the next
        in the queue gets it at once: for that moment two may believe that they hold it.
      </p>
      <p class="muted">A write that carries its old fence is refused.</p>
      <ActionForm verb="Revoke" isDangerous onSubmit={async () => await act('revoke', { lock, token })}>
        {null}
      </ActionForm>
    </Sheet>
  )
}
