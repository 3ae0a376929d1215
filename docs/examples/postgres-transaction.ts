import type { Pool } from 'pg'
import type { Execute } from './effects.ts'

// #region transaction
/** Commits what `work` did, or rolls it back and rejects with the error of `work`. */
export async function transaction<T>(pool: Pool, work: (execute: Execute) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(async (sql, params) => (await client.query(sql, [...params])).rowCount ?? 0)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}
// #endregion
