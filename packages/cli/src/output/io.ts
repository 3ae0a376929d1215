import type { Writable } from 'node:stream'

/** Writes text and a new line; settles when it is written, or when nothing reads it any more. */
export async function print(text: string): Promise<void> {
  await write(process.stdout, `${text}\n`)
}

/** For scripts: one document, whose `schema` changes when a program that reads it has to. */
export async function printJson(command: string, body: Readonly<Record<string, unknown>>): Promise<void> {
  await print(JSON.stringify({ schema: 1, command, ...body }, undefined, 2))
}

/** The same as one line, for what goes on. */
export async function printJsonLine(command: string, body: Readonly<Record<string, unknown>>): Promise<void> {
  await print(JSON.stringify({ schema: 1, command, ...body }))
}

/** A remark beside the result, which scripts do not read. */
export async function remark(text: string): Promise<void> {
  await write(process.stderr, `${text}\n`)
}

function write(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write(text, () => resolve())
  })
}
