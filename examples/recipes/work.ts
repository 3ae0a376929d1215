import { setTimeout as delay } from 'node:timers/promises'

const WORK_MS = Number(process.env['WORK_MS'] ?? 100)

/** Stands for the work of a recipe: it says what it does, takes `WORK_MS`, and ends early with the signal. */
export async function work(what: string, signal?: AbortSignal): Promise<void> {
  console.log(what)
  await delay(WORK_MS, undefined, { signal })
}
