import type { JSX } from 'preact'
import type { ActionAnswer } from '../../../src/events/snapshot.ts'
import { mayAct } from '../act.ts'
import { ActionForm, Field, typed } from './action-form.tsx'
import { Sheet } from './sheet.tsx'

/** Who has no token reads everything and changes nothing. */
export function TokenDialog(): JSX.Element {
  return (
    <Sheet title="This needs the token">
      <p>
        You see everything without it. To change something, enter the token that the demo printed in its
        terminal, or open the address that it printed there.
      </p>
      <ActionForm verb="Use it" onSubmit={async (fields) => await giveToken(typed(fields, 'token'))}>
        <Field name="token" label="Token" isSecret />
      </ActionForm>
    </Sheet>
  )
}

async function giveToken(token: string): Promise<ActionAnswer> {
  try {
    const response = await fetch('/api/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-aireview': '1' },
      body: JSON.stringify({ token }),
    })
    if (response.ok) {
      mayAct.value = true
      return { ok: true, message: '' }
    }
    if (response.status === 401) return { ok: false, message: 'This is not the token of this demo.' }
    return { ok: false, message: `The server refused it: ${response.status}.` }
  } catch {
    return { ok: false, message: 'The server did not answer. Try again once the page is live.' }
  }
}
