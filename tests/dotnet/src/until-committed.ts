import { expect, vi } from 'vitest'
import type { DotnetProcess } from './dotnet-process.ts'
import type { World } from './world.ts'

/**
 * Waits until a .NET server has moved a job to a state, and until that can be read: the program says `state` just before
 * it commits, and may take long from there to the commit.
 *
 * @param from - a place in `server.said`: what it said before does not count
 */
export async function untilCommitted(
  { monitor }: World,
  server: DotnetProcess,
  id: string,
  to: string,
  { from = 0 }: { readonly from?: number } = {},
): Promise<void> {
  await server.until('state', (line) => line.id === id && line.to === to, { from })
  const moves = server.all('state').filter((line) => line.id === id && line.to === to).length
  await vi.waitFor(
    async () => {
      const job = await monitor.job(id)
      const committed = job?.history.filter(({ name }) => name === to) ?? []
      expect(committed.length).toBeGreaterThanOrEqual(moves)
    },
    { timeout: 20_000, interval: 20 },
  )
}
