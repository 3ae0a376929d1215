import type { PageServer } from './page-server.ts'

const USUAL_PORT = 4747

/** Resolves to the port. @throws Error for people when it cannot listen there */
export async function listenWhere(
  server: Pick<PageServer, 'listen'>,
  host: string,
  port: number | undefined,
): Promise<number> {
  try {
    return await server.listen(host, port ?? USUAL_PORT)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' && port === undefined) return await server.listen(host, 0)
    if (code === 'EADDRINUSE')
      throw new Error(
        `Port ${port} of ${host} is in use. Stop what listens there, or take another with --port.`,
        {
          cause: error,
        },
      )
    throw new Error(`The page cannot listen at ${host}: ${message}. Take another address with --host.`, {
      cause: error,
    })
  }
}
