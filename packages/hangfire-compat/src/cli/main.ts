#!/usr/bin/env node
import type { Writable } from 'node:stream'
import { runProgram } from './run-program.ts'

/** Settles when it is written, or when the reader has gone. */
function write(stream: Writable, text: string | undefined): Promise<void> {
  if (text === undefined) return Promise.resolve()
  stream.on('error', () => {})
  return new Promise((resolve) => stream.write(text, () => resolve()))
}

const { code, out, err } = await runProgram(process.argv.slice(2))
await write(process.stderr, err && `holdfast-hangfire: ${err}\n`)
await write(process.stdout, out)
// A module with the definitions may keep connections open.
process.exit(code)
