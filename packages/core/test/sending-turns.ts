import type { ManualRuntime } from './manual-runtime.ts'

/** How many commands were sent at a time within the next `ms`: one number for each millisecond in which any were. */
export async function sendingTurns(
  runtime: ManualRuntime,
  commands: readonly unknown[],
  ms: number,
): Promise<number[]> {
  const turns: number[] = []
  let before = commands.length
  for (let passed = 0; passed < ms; passed += 1) {
    await runtime.advance(1)
    if (commands.length > before) turns.push(commands.length - before)
    before = commands.length
  }
  return turns
}
