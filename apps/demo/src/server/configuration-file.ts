import { existsSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { ConfigurationError, type Sources } from './configuration.ts'

/** Read unless the command line names another; `aireview.env.example` beside it has every key. */
const USUAL = resolve(import.meta.dirname, '../../aireview.env')

const LINE = /^\s*(#|$|(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=)/

/** @throws ConfigurationError when the file that is named is not there, or a line of it is no `KEY=value` */
export function readConfigurationFile(given: string | undefined): Sources['file'] {
  const path = given ?? USUAL
  const shown = relative(process.cwd(), path)
  if (!existsSync(path)) {
    if (given === undefined) return undefined
    throw new ConfigurationError(
      `There is no file ${path}. Copy apps/demo/aireview.env.example to it, or leave --config out.`,
    )
  }
  const text = readFileSync(path, 'utf8')
  const wrong = text.split(/\r?\n/).findIndex((line) => !LINE.test(line))
  if (wrong !== -1)
    throw new ConfigurationError(`Line ${wrong + 1} of ${shown} cannot be read: write KEY=value.`)
  return { path: shown, values: parseEnv(text) }
}
