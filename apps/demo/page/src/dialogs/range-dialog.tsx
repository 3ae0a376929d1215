import type { JSX } from 'preact'
import { act } from '../act.ts'
import { part } from '../model/store.ts'
import { ActionForm, Field, typed } from './action-form.tsx'
import { Sheet } from './sheet.tsx'

/** Any two commits of the repository that the demo was started for. */
export function RangeDialog(): JSX.Element {
  const { name, path } = part('world').value.repository
  return (
    <Sheet title="Review a range">
      <p class="muted">
        What changed between two commits of <b title={path}>{name}</b>. Every instance is asked; one reviews
        it.
      </p>
      <ActionForm
        verb="Review it"
        onSubmit={async (fields) =>
          await act('review', { base: typed(fields, 'base'), head: typed(fields, 'head') })
        }
      >
        <Field name="base" label="From" value="HEAD~1" hint="A commit, a tag or a branch" />
        <Field name="head" label="To" value="HEAD" />
      </ActionForm>
    </Sheet>
  )
}
