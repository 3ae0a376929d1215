import { InvalidArgumentError } from '@holdfast/core'
import { itemsOf, membersOf } from '../wire/json.ts'
import type { TypeName } from '../wire/type-name.ts'
import {
  type Parameter,
  checkParameter,
  decodeItem,
  encodeWith,
  referenceType,
  refuseValue,
  systemType,
} from './parameter.ts'

export function nullable<Out, In>(parameter: Parameter<Out, In>): Parameter<Out | null, In | null> {
  if (checkParameter('The type in t.nullable()', parameter).isNullable)
    throw new InvalidArgumentError('t.nullable() has a nullable parameter already: use that.')
  const { type, isValueType, encode, fromJson } = parameter
  return {
    type: isValueType ? systemType('Nullable`1', type) : type,
    isNullable: true,
    isValueType,
    shape: { kind: 'nullable', of: parameter },
    encode: (name, value, dates) => (value === null ? 'null' : encode(name, value, dates)),
    fromJson: (what, value) => (value === null ? null : fromJson(what, value)),
    decode(what, argument) {
      const isEmpty = isValueType && (argument === '' || argument === '""')
      return argument === null || argument === 'null' || isEmpty ? null : parameter.decode(what, argument)
    },
  }
}

export function listOf<Out, In>(
  kind: 'list' | 'array',
  typeOf: (item: TypeName) => TypeName,
  item: Parameter<Out, In>,
): Parameter<readonly Out[], readonly In[]> {
  const { type } = checkParameter(`The type in t.${kind}()`, item)
  return referenceType<readonly Out[], readonly In[]>({
    type: typeOf(type),
    shape: { kind, of: item },
    encode(name, values) {
      if (!Array.isArray(values)) return refuseValue(name, values, 'an array')
      return `[${values.map((value: In, i) => encodeWith(item, `${name}[${i}]`, value) ?? 'null').join(',')}]`
    },
    fromJson: (value, what) => itemsOf(value)?.map((each, i) => decodeItem(item, `${what}[${i}]`, each)),
  })
}

export function dictionary<Out, In>(
  item: Parameter<Out, In>,
): Parameter<Readonly<Record<string, Out>>, Readonly<Record<string, In>>> {
  checkParameter('The type in t.dictionary()', item)
  return referenceType<Readonly<Record<string, Out>>, Readonly<Record<string, In>>>({
    type: systemType('Collections.Generic.Dictionary`2', systemType('String'), item.type),
    shape: { kind: 'dictionary', of: item },
    encode(name, values) {
      if (typeof values !== 'object' || Array.isArray(values)) return refuseValue(name, values, 'an object')
      const members = Object.entries(values).map(([key, value]) => {
        if (key.startsWith('$'))
          refuseValue(`a key of ${name}`, key, 'without a $ in front, which .NET reads as metadata')
        return `${JSON.stringify(key)}:${encodeWith(item, `${name}.${key}`, value) ?? 'null'}`
      })
      return `{${members.join(',')}}`
    },
    fromJson(value, what) {
      const members = value instanceof Map ? membersOf(value) : undefined
      if (members === undefined) return undefined
      const entries = [...members].filter(([key]) => key !== '$type')
      return Object.fromEntries(entries.map(([key, each]) => [key, decodeItem(item, `${what}.${key}`, each)]))
    },
  })
}
