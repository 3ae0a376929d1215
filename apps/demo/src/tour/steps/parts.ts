import type { Work } from '../../events/page-event.ts'
import type { Account } from '../account.ts'
import type { Scene } from '../step.ts'

/** One start on each machine; those that do not run the job wait for it. */
export async function fireFromAll({ fire, state }: Pick<Scene, 'fire' | 'state'>): Promise<Work> {
  const times = state().instances.filter((instance) => instance.state === 'up').length
  return await fire({ times, waiting: times })
}

/** Whether every start has its answer that can have one: a process that is gone asks for nothing any more. */
export function answersOfTheLiving({ calls }: Account, gone: readonly string[] = []): boolean {
  return calls.every(({ instance, answer }) => answer !== undefined || gone.includes(instance))
}
