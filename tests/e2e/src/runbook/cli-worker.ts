/**
 * The command line in a process that stays: each line on standard input is one run, as JSON: the URL of a Redis and the
 * arguments. What the program prints is followed by a line with its exit code, and with what it says on standard error.
 */
import { createInterface } from 'node:readline'

const program = new URL('../../../../packages/cli/src/run-program.ts', import.meta.url)
const { runProgram } = (await import(program.href)) as {
  readonly runProgram: (
    args: readonly string[],
  ) => Promise<{ readonly code: number; readonly err?: string | undefined }>
}

for await (const line of createInterface({ input: process.stdin })) {
  const [url, ...args] = JSON.parse(line) as string[]
  process.env['HOLDFAST_REDIS_URL'] = url
  const { code, err = '' } = await runProgram(args)
  process.stdout.write(`\n-- exit ${code} ${JSON.stringify(err)}\n`)
}
process.exit(0)
