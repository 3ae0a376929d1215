import { type ExplainedCode, allCodes, explainCode } from '../codes/index.ts'
import { Exit, exitCodes } from '../exit.ts'
import { print, printJson } from '../output/io.ts'
import { facts, table } from '../output/table.ts'
import { coloured, visible } from '../output/text.ts'
import { explainAlert } from './alerts.ts'

/** `holdfast codes [CODE]`. */
export async function codes(
  code: string | undefined,
  { json = false }: { readonly json?: boolean | undefined },
): Promise<number> {
  if (code === undefined) {
    const all = allCodes()
    if (json) await printJson('codes', { codes: all })
    else
      await print(
        `${table(['CODE', 'KIND', 'FROM'], all.map(row))}\n\nholdfast codes CODE says what it means and what to do.`,
      )
    return exitCodes.fine
  }
  const found = explainCode(code) ?? explainAlert(code) ?? unknown(code)
  if (json) await printJson('codes', { codes: [found] })
  else
    await print(
      `${coloured('bold', found.code)}\n${facts([
        ['kind', found.kind],
        ['from', found.from],
        ['means', found.means],
        ['do', found.doThis],
      ])}`,
    )
  return exitCodes.fine
}

function row({ code, kind, from }: ExplainedCode): string[] {
  return [code, kind, from]
}

function unknown(code: string): never {
  const word = code.trim().toUpperCase()
  const near = allCodes().filter((each) => word.length >= 3 && each.code.includes(word))
  const hint =
    near.length === 0
      ? 'holdfast codes lists them all.'
      : `Did you mean ${near.map((each) => each.code).join(', ')}?`
  throw new Exit(exitCodes.findings, `No part of Holdfast has the code ${visible(code)}. ${hint}`)
}
