import { signal } from '@preact/signals'
import type {
  ActionAnswer,
  ActionName,
  Actions,
  HeldQuery,
  HeldView,
  RecordView,
  ReviewView,
} from '../../src/events/snapshot.ts'
import type { PageEvent } from '../../src/events/page-event.ts'
import { dialog, isLost } from './view.ts'

/** Whether this browser has the token. Without it everything is readable, and nothing can be changed. */
export const mayAct = signal(true)

const NO_ANSWER = 'The server did not answer. Try again once the page is live.'

/** Does one thing to the world. The answer is for people, at the button; it never rejects. */
export async function act<Name extends ActionName>(name: Name, input: Actions[Name]): Promise<ActionAnswer> {
  if (isLost.peek()) return { ok: false, message: NO_ANSWER }
  try {
    const response = await fetch(`/api/actions/${name}`, {
      method: 'POST',
      // A form of another site cannot send this header.
      headers: { 'content-type': 'application/json', 'x-aireview': '1' },
      body: JSON.stringify(input),
    })
    if (response.status === 401) {
      mayAct.value = false
      dialog.value = { name: 'token' }
    }
    return (await response.json()) as ActionAnswer
  } catch {
    return { ok: false, message: NO_ANSWER }
  }
}

export async function askWhetherMayAct(): Promise<void> {
  const me = await get<{ readonly mayAct: boolean }>('/api/me')
  if (me !== undefined) mayAct.value = me.mayAct
}

/** What Redis holds for a piece of work; undefined: nothing, or the server did not answer. */
export async function readRecord(jobType: string, jobKey: string): Promise<RecordView | undefined> {
  return await get(`/api/record?${new URLSearchParams({ jobType, jobKey })}`)
}

/** What Redis holds for a lock, or for the entries of a namespace of the cache. */
export async function readHeld({ kind, name }: HeldQuery): Promise<readonly HeldView[] | undefined> {
  return await get(`/api/held?${new URLSearchParams({ kind, name })}`)
}

export async function readReview(id: string): Promise<ReviewView | undefined> {
  return await get(`/api/reviews/${encodeURIComponent(id)}`)
}

export async function readLogs(executionId: string): Promise<readonly PageEvent[] | undefined> {
  return await get(`/api/logs?${new URLSearchParams({ executionId })}`)
}

async function get<Body>(url: string): Promise<Body | undefined> {
  try {
    const response = await fetch(url)
    return response.ok ? ((await response.json()) as Body) : undefined
  } catch {
    return undefined
  }
}
