import { InvalidArgumentError } from '@holdfast/core'
import { checkObject } from '@holdfast/core/storage'
import { isNumber } from '../wire/json.ts'
import { checkTypeName } from '../wire/type-name.ts'
import { type Parameter, refuseValue, valueType } from './parameter.ts'

/** What a .NET enum can be in Node: an object of numbers, also a TypeScript `enum`. */
export type EnumValue<Values> = Extract<Values[keyof Values], number>

export function enumeration<const Values extends Readonly<Record<string, number | string>>>(
  type: string,
  values: Values,
): Parameter<EnumValue<Values>> {
  // A TypeScript enum also has its numbers as keys.
  const byName = Object.entries(checkObject('The values of t.enumeration()', values)).filter(
    (entry): entry is [string, EnumValue<Values>] => typeof entry[1] === 'number',
  )
  const known = byName.map(([, value]) => value)
  if (!known.every((value) => Number.isInteger(value)))
    throw new InvalidArgumentError('The values of t.enumeration() must be whole numbers, as in .NET.')
  const find = (value: unknown): EnumValue<Values> | undefined => known.find((each) => each === value)
  return valueType(
    {
      type: checkTypeName('the type of t.enumeration()', type),
      shape: { kind: 'enumeration', values: Object.fromEntries(byName) },
      encode: (name, value) =>
        find(value) === undefined ? refuseValue(name, value, `one of ${known.join(', ')}`) : String(value),
      fromJson(text) {
        const word = text !== null && isNumber(text) ? text.digits : typeof text === 'string' ? text : ''
        if (/^-?\d+$/.test(word)) return find(Number(word))
        return byName.find(([name]) => name.toLowerCase() === word.toLowerCase())?.[1]
      },
    },
    // What .NET makes of null, also where no name stands for it.
    0 as EnumValue<Values>,
  )
}
