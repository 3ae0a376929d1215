import type { ActTable } from './acts.ts'
import { type Scene, refuse } from './scene.ts'

/** What an operator does to what is stored. */
export function stateActs({
  ground,
  lockDesk,
}: Scene): Pick<ActTable, 'cancel' | 'forget' | 'revoke' | 'clear-cache'> {
  const { idempotency, cache } = ground.observer
  return {
    async cancel({ jobType, jobKey }) {
      const reason = 'A visitor of the page has cancelled it.'
      if (!(await idempotency.requestCancel(jobType, jobKey, { reason })))
        refuse('It is over, or was never started: there is nothing to cancel.')
      return 'It was asked to stop, and will at its next step.'
    },
    async forget({ jobType, jobKey }) {
      if (!(await idempotency.forget(jobType, jobKey))) refuse('Redis holds nothing of it.')
      return 'Forgotten. The next start runs it again.'
    },
    async revoke({ lock, token }) {
      if (!(await lockDesk.revoke(lock, token))) refuse(`That holder has ${lock} no more.`)
      return `${lock} was taken away from its holder.`
    },
    async 'clear-cache'({ namespace }) {
      await (namespace === undefined ? cache : cache.namespace(namespace)).clear()
      return namespace === undefined ? 'The cache is empty.' : `Of ${namespace}, the cache is empty.`
    },
  }
}
