import assert from 'node:assert/strict'
import { createHoldfast, memoryStorage } from '@holdfast/core'

const { cache, close } = createHoldfast({ storage: memoryStorage() })
const search = async (text: string, { signal }: { signal: AbortSignal }): Promise<string[]> => {
  signal.throwIfAborted()
  return [text]
}

// #region options
const results = cache.namespace('search', {
  ttlMs: 60_000, // fresh for a minute, less up to 5 % at random (jitter), so that not all ends together
  staleMs: 600_000, // then kept for ten more
  earlyRefresh: true, // what callers ask for often is loaded anew before its end
  softTimeoutMs: 200, // a caller for whom there is a stale value waits so long for the new one
  hardTimeoutMs: 5_000, // a load that takes longer has failed: LOAD_TIMEOUT
  onLoadError: 'stale', // and then the stale value is the answer
})
const find = (text: string, signal?: AbortSignal): Promise<string[]> =>
  results.getOrCreate(text, (context) => search(text, context), { signal })
// #endregion

// #region abort
const hungUp = new AbortController()
const answer = find('shoes', hungUp.signal)
hungUp.abort() // ends the wait of this caller; the load goes on for the others, if there are any
await answer.catch((error: Error) => console.log(error.name)) // WaitAbortedError
// #endregion
await assert.rejects(answer, { code: 'WAIT_ABORTED' })
assert.deepEqual(await find('shoes'), ['shoes'])

await close()
