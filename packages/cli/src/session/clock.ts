import { hasAnswer } from './refusals.ts'
import type { Session } from './session.ts'

/** The clock of Redis; this machine's, where the user may not ask for it. */
export async function clock({ storage }: Pick<Session, 'storage'>): Promise<number> {
  try {
    return await storage.time()
  } catch (error) {
    if (hasAnswer(error)) return Date.now()
    throw error
  }
}
