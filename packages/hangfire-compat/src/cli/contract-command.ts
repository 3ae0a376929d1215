import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { type Definition, contractOf } from '../contract/contract.ts'
import { NotExpressible, identifier } from '../contract/csharp-names.ts'
import { findDefinitions } from '../contract/find-definitions.ts'
import { Exit, exitCodes } from './exit.ts'
import { loadModule } from './load-module.ts'
import { wholeNumber } from './whole-number.ts'

/** `holdfast-hangfire contract`. */
export async function contract(
  args: string[],
): Promise<{ readonly code: number; readonly out?: string; readonly err?: string }> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      namespace: { type: 'string' },
      out: { type: 'string' },
      'no-nullable': { type: 'boolean', default: false },
      'timeout-ms': { type: 'string', default: '30000' },
    },
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new Exit(exitCodes.badUse, 'contract takes one module.')
  const namespace = checkNamespace(values.namespace)
  const definitions = await definitionsIn(file, wholeNumber('--timeout-ms', values['timeout-ms'], 1))
  if (definitions.length === 0)
    throw new Exit(exitCodes.badUse, `${file} exports nothing that defineHangfireJob made.`)
  const { text, problems, remarks } = contractOf(definitions, { namespace, nullable: !values['no-nullable'] })
  const said = [...problems, ...remarks]
  if (text === undefined) {
    const why = problems.length > 0 ? 'It cannot be expressed in C#.' : `${file} has no job for ${namespace}.`
    return { code: exitCodes.findings, err: [why, ...said].join('\n  ') }
  }
  const err = said.length === 0 ? {} : { err: ['Made, but:', ...said].join('\n  ') }
  if (values.out === undefined) return { code: exitCodes.fine, out: text, ...err }
  await writeFile(values.out, text).catch((error: Error) => {
    throw new Exit(exitCodes.badUse, `${values.out} cannot be written: ${error.message}`)
  })
  return { code: exitCodes.fine, ...err }
}

function checkNamespace(namespace: string | undefined): string {
  if (namespace === undefined)
    throw new Exit(
      exitCodes.badUse,
      'contract needs --namespace, that of the interfaces, such as Acme.Contracts.',
    )
  try {
    namespace.split('.').map(identifier)
    return namespace
  } catch (error) {
    throw error instanceof NotExpressible
      ? new Exit(exitCodes.badUse, `--namespace: ${error.message}`)
      : error
  }
}

async function definitionsIn(file: string, timeoutMs: number): Promise<readonly Definition[]> {
  const path = resolve(file)
  if (!existsSync(path)) throw new Exit(exitCodes.badUse, `There is no file ${file}.`)
  const module = await loadModule(path, timeoutMs).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const advice =
      code === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? ' Compile it, or use Node 22.18 and up, which runs TypeScript.'
        : ''
    throw new Exit(exitCodes.badUse, `${file} cannot be loaded: ${messageOf(error)}${advice}`)
  })
  try {
    return findDefinitions({ ...module })
  } catch (error) {
    throw new Exit(exitCodes.badUse, `What ${file} exports cannot be read: ${messageOf(error)}`)
  }
}

/** A module may throw anything. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `it throws ${inspect(error)}.`
}
