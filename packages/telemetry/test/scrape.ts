import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

/** The samples of a scrape, by name and labels: `holdfast_job_running{job_type="invoice"}`. */
export type Samples = ReadonlyMap<string, number>

/** What a Prometheus server gets: over HTTP, in the text format, parsed. */
export async function scrape(register: Registry): Promise<Samples> {
  const server = createServer((_request, response) => {
    register.metrics().then(
      (text) => response.setHeader('content-type', register.contentType).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}/metrics`)
    if (!response.ok) throw new Error(await response.text())
    return parse(await response.text())
  } finally {
    server.close()
  }
}

function parse(text: string): Samples {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const found = /^([a-z_:][\w:]*)(\{.*\})? (\S+)$/.exec(line)
    if (found === null) throw new Error(`No sample: ${line}`)
    const [, name = '', labels = '', value = ''] = found
    samples.set(name + labels, Number(value))
  }
  return samples
}
