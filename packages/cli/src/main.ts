#!/usr/bin/env node
import { runProgram } from './run-program.ts'

// What reads the output may end first, as `head` does.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
const { code, err } = await runProgram(process.argv.slice(2))
if (err !== undefined)
  await new Promise<void>((done) => process.stderr.write(`holdfast: ${err}\n`, () => done()))
process.exit(code)
