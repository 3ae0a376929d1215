import { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { type Instruction, blockEventLoop } from '@holdfast/test-http-conformance'
import type { Response } from './express.ts'

/** Does on Express what the witness said. */
export async function perform(instruction: Instruction, response: Response): Promise<void> {
  // A watchdog was faster.
  if (response.headersSent && instruction.kind !== 'throw') return
  if ('status' in instruction && instruction.status !== undefined) response.status(instruction.status)
  if ('headers' in instruction && instruction.headers !== undefined) response.set(instruction.headers)
  switch (instruction.kind) {
    case 'json':
      return void response.json(instruction.json)
    case 'text':
      return void response.send(instruction.text)
    case 'bytes':
      return void response.send(Buffer.from(instruction.base64, 'base64'))
    case 'empty':
      return void response.end()
    case 'stream':
      return void Readable.from(instruction.chunks).pipe(response)
    case 'throw':
      throw Object.assign(new Error(instruction.message), { status: instruction.status ?? 500 })
    case 'hijack':
      ServerResponse.prototype.writeHead.call(response, instruction.status)
      Reflect.apply(ServerResponse.prototype.end, response, [instruction.text])
      return
    case 'unserializable':
      return void response.json(unserializable(instruction.how))
    case 'block':
      blockEventLoop(instruction.ms)
      return void response.json({ blocked: true })
    case 'response':
    case 'nested':
      throw new Error(`${instruction.kind} is not for Express`)
  }
}

export function unserializable(how: 'bigint' | 'circular'): unknown {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  return how === 'bigint' ? { n: 1n } : circular
}
