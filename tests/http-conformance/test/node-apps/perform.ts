import { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Idempotency } from '@holdfast/core'
import { type Instruction, blockEventLoop } from '@holdfast/test-http-conformance'

/** Follows the witness's instruction on a Node response; Express' response is one. */
export async function perform(
  instruction: Instruction,
  response: ServerResponse,
  idempotency: Idempotency,
): Promise<unknown> {
  if ('status' in instruction && instruction.kind !== 'throw') response.statusCode = instruction.status ?? 200
  if ('headers' in instruction) {
    for (const [name, value] of Object.entries(instruction.headers ?? {})) response.setHeader(name, value)
  }
  switch (instruction.kind) {
    case 'json':
      return json(response, instruction.json)
    case 'text':
      return response.setHeader('content-type', 'text/plain').end(instruction.text)
    case 'bytes':
      return response
        .setHeader('content-type', 'application/octet-stream')
        .end(Buffer.from(instruction.base64, 'base64'))
    case 'empty':
      return response.end()
    case 'stream':
      return Readable.from(instruction.chunks).pipe(response)
    case 'response':
      throw new Error('Node knows no web Response here.')
    case 'throw':
      throw Object.assign(new Error(instruction.message), { status: instruction.status })
    case 'hijack':
      return goAround(response, instruction)
    case 'unserializable': {
      const circular: Record<string, unknown> = { n: 1 }
      circular['self'] = circular
      return json(response, instruction.how === 'bigint' ? { n: 1n } : circular)
    }
    case 'block':
      blockEventLoop(instruction.ms)
      return json(response, { blocked: true })
    case 'nested':
      return json(response, await idempotency.run('kit:nested', instruction.jobKey, () => ({ nested: true })))
  }
}

export function json(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body)
  response.setHeader('content-type', 'application/json').end(text)
}

/** Bypasses the methods that were patched on this object. */
function goAround(
  response: ServerResponse,
  { status, text }: { readonly status: number; readonly text: string },
): void {
  for (const [name, value] of [
    ['writeHead', status],
    ['end', text],
  ] as const) {
    Reflect.apply(Reflect.get(ServerResponse.prototype, name) as () => void, response, [value])
  }
}
