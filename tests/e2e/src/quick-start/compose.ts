import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const folder = join(import.meta.dirname, '../../../../examples/compose')

/** The part of a service that the tests look at. */
export interface Service {
  readonly image?: string
  readonly command?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly healthcheck: { readonly test: readonly string[]; readonly timeout: string }
  readonly ports: readonly string[]
  readonly volumes?: readonly string[]
  readonly deploy?: { readonly replicas: number }
  readonly stop_grace_period?: string
}

export interface Compose {
  readonly services: { readonly redis: Service; readonly web: Service }
  readonly volumes: Readonly<Record<string, unknown>>
}

export function textOf(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

/** docker-compose.yml with its variables put in, as Compose does: `${NAME:-default}`, and `$$` for a dollar. */
export function composeWith(env: Readonly<Record<string, string>>): Compose {
  const text = textOf('docker-compose.yml').replace(
    /\$\$|\$\{(\w+):-([^}]*)\}|\$/g,
    (whole: string, name: string | undefined, standard: string) => {
      if (name !== undefined) return env[name] || standard
      if (whole === '$$') return '$'
      throw new Error('the tests read ${NAME:-default} and $$ alone')
    },
  )
  return parse(text) as Compose
}

/** The words of the Dockerfile's CMD. */
export function commandOfImage(): readonly string[] {
  const [, words = ''] = /^CMD (\[.*\])$/m.exec(textOf('Dockerfile')) ?? []
  return JSON.parse(words) as readonly string[]
}
