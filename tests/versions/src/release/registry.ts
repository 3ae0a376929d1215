import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** What a registry is given when a version of a package is published. */
export interface Upload {
  readonly name: string
  readonly tag: string
  /** Of the request: what proves who publishes. */
  readonly authorization: string | undefined
  /** What the registry shows of the version; npm installs by this, not by the package.json in the tarball. */
  readonly manifest: Readonly<Record<string, unknown>>
  readonly tarball: Buffer
}

export interface Registry {
  readonly url: string
  readonly uploads: readonly Upload[]
  close(): Promise<void>
}

/** A registry on this machine that knows no package and takes each that is published. */
export async function startRegistry(): Promise<Registry> {
  const uploads: Upload[] = []
  const server = createServer((request, response) => {
    void (async () => {
      if (request.method === 'PUT') uploads.push(await uploadIn(request))
      response.writeHead(request.method === 'PUT' ? 201 : 404, { 'content-type': 'application/json' })
      response.end('{}')
    })()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    uploads,
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

interface Publication {
  readonly name: string
  readonly 'dist-tags': Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly _attachments: Readonly<Record<string, { readonly data: string }>>
}

async function uploadIn(request: IncomingMessage): Promise<Upload> {
  const { name, versions, _attachments, ...rest } = (await json(request)) as Publication
  const [tagged] = Object.entries(rest['dist-tags'])
  const [attachment] = Object.values(_attachments)
  return {
    name,
    tag: tagged?.[0] ?? '',
    authorization: request.headers.authorization,
    manifest: versions[tagged?.[1] ?? ''] ?? {},
    tarball: Buffer.from(attachment?.data ?? '', 'base64'),
  }
}
