import type { Pool } from 'pg'
import type { Execute } from './effects.ts'

// #region transaction
/** Commits what `work` did, or rejects and leaves nothing behind. */
export async function transaction<T>(pool: Pool, work: (execute: Execute) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let failure: Error | undefined
  // A session that the server ends emits an error. Without a listener, that error ends the process.
  const onError = (error: Error): void => void (failure ??= error)
  client.on('error', onError)
  try {
    await client.query('begin')
    const result = await work(async (sql, params) => (await client.query(sql, [...params])).rowCount ?? 0)
    // After a failed statement PostgreSQL answers COMMIT with ROLLBACK, also when `work` has swallowed the error.
    const { command } = await client.query('commit')
    if (command !== 'COMMIT')
      throw new Error('PostgreSQL rolled back: a statement of this transaction failed.')
    return result
  } catch (error) {
    // Where even this fails, the connection is no use any more. The first error is the one that says why.
    await client.query('rollback').catch((broken: Error) => (failure ??= broken))
    throw error
  } finally {
    client.off('error', onError)
    client.release(failure)
  }
}
// #endregion
