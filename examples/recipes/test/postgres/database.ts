import pg from 'pg'

/** What a test does with its own database. */
export type Cases = Readonly<Record<string, (url: string) => Promise<void>>>

/** The rows of a query. */
export async function query<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows as Row[]
  } finally {
    await client.end()
  }
}
