import { expect, vi } from 'vitest'

/** Waits until a value is as expected. `expect.poll` needs the one test that runs, and several run here at a time. */
export async function eventually(read: () => unknown, expected: unknown): Promise<void> {
  await vi.waitFor(async () => expect(await read()).toEqual(expected), { timeout: 120_000, interval: 20 })
}
