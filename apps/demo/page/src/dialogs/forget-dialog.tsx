import type { JSX } from 'preact'
import type { Work } from '../../../src/events/page-event.ts'
import { act } from '../act.ts'
import { nameOf } from '../model/names.ts'
import { part } from '../model/store.ts'
import { ActionForm } from './action-form.tsx'
import { Sheet } from './sheet.tsx'

export function ForgetDialog({ work }: { readonly work: Work }): JSX.Element {
  const { jobType, jobKey } = work
  return (
    <Sheet title={`Forget the result of ${nameOf({ reviews: part('reviews').value }, work)}?`}>
      <p>
        Redis then holds nothing of it: the next start runs it again, and its rows are in the database a
        second time.
      </p>
      <ActionForm
        verb="Forget it"
        isDangerous
        onSubmit={async () => await act('forget', { jobType, jobKey })}
      >
        {null}
      </ActionForm>
    </Sheet>
  )
}
