import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import type { Instruction } from './instruction.ts'

/** One run of a handler, as the handler reported it. */
interface Visit {
  /** The process id, if the handler reports it. */
  readonly pid?: number
}

/** The instruction for the n-th run of a handler, from 1. A pending promise holds the handler. */
export type Script = (run: number) => Instruction | Promise<Instruction>

/** The handler runs of one test. */
export interface Watched {
  /** The value of the `x-kit-witness` header. */
  readonly url: string
  readonly visits: readonly Visit[]
  /** Settles when the n-th run of the handler has started. */
  begun(run: number): Promise<Visit>
  /** Disconnects the handlers that still wait for an instruction; later ones get 404. */
  end(): void
}

/** Counts the runs of handlers and instructs each one. Cases judge by these counts, not by what the app reports. */
export interface Witness {
  watch(script: Script): Watched
  close(): Promise<void>
}

interface Scene {
  readonly script: Script
  readonly visits: Visit[]
  readonly waiting: Set<() => void>
  readonly held: Set<ServerResponse>
}

export async function startWitness(): Promise<Witness> {
  const scenes = new Map<string, Scene>()
  const server = createServer((request, response) => {
    receive(scenes, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    watch(script) {
      const id = randomUUID()
      const scene: Scene = { script, visits: [], waiting: new Set(), held: new Set() }
      scenes.set(id, scene)
      return {
        url: `${base}/${id}`,
        visits: scene.visits,
        begun: (run) => begun(scene, run),
        end() {
          scenes.delete(id)
          for (const response of scene.held) response.destroy()
        },
      }
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function receive(
  scenes: ReadonlyMap<string, Scene>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const scene = scenes.get(request.url?.slice(1) ?? '')
  if (scene === undefined) {
    response.writeHead(404).end()
    return
  }
  const text = await textOf(request)
  scene.visits.push(text === '' ? {} : (JSON.parse(text) as Visit))
  const run = scene.visits.length
  for (const tell of scene.waiting) tell()
  scene.held.add(response)
  const instruction = await scene.script(run)
  scene.held.delete(response)
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(instruction))
}

async function begun({ visits, waiting }: Scene, run: number): Promise<Visit> {
  for (;;) {
    const visit = visits[run - 1]
    if (visit !== undefined) return visit
    await new Promise<void>((resolve) => waiting.add(resolve))
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
