import { encodeJson, isNumber, itemsOf } from '../wire/json.ts'
import { type Parameter, referenceType, refuseValue, systemType, valueType } from './parameter.ts'

export const guid: Parameter<string> = valueType(
  {
    type: systemType('Guid'),
    encode: (name, value) =>
      typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
        ? JSON.stringify(value.toLowerCase())
        : refuseValue(name, value, 'a GUID, such as crypto.randomUUID() makes'),
    fromJson(json) {
      const [, text] =
        typeof json === 'string' ? (/^(?:\{(.*)\}|\((.*)\)|(.*))$/.exec(json)?.filter(Boolean) ?? []) : []
      const digits = text?.replaceAll('-', '').toLowerCase() ?? ''
      return /^[0-9a-f]{32}$/.test(digits)
        ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
        : undefined
    },
  },
  '00000000-0000-0000-0000-000000000000',
)

export const string: Parameter<string> = referenceType(
  {
    type: systemType('String'),
    encode: (name, value) =>
      typeof value === 'string' ? JSON.stringify(value) : refuseValue(name, value, 'a string'),
    fromJson: (json) => (typeof json === 'string' ? json : undefined),
  },
  // .NET takes any other text for the string itself, also `{"a":1}`.
  true,
)

export const boolean: Parameter<boolean> = valueType(
  {
    type: systemType('Boolean'),
    encode: (name, value) =>
      typeof value === 'boolean' ? String(value) : refuseValue(name, value, 'true or false'),
    fromJson(json) {
      if (typeof json === 'boolean' || json === null) return json ?? undefined
      if (isNumber(json)) return Number(json.digits) !== 0
      const word = typeof json === 'string' ? json.toLowerCase() : ''
      return word === 'true' ? true : word === 'false' ? false : undefined
    },
  },
  false,
)

export const bytes: Parameter<Uint8Array> = referenceType({
  type: { ...systemType('Byte'), suffix: '[]' },
  encode: (name, value) =>
    value instanceof Uint8Array
      ? encodeJson(name, value)
      : refuseValue(name, value, 'a Uint8Array or Buffer'),
  fromJson(json) {
    if (typeof json === 'string') {
      const decoded = Buffer.from(json, 'base64')
      return decoded.toString('base64') === json ? new Uint8Array(decoded) : undefined
    }
    const items = itemsOf(json)?.map((item) => (item !== null && isNumber(item) ? Number(item.digits) : NaN))
    return items?.every((item) => Number.isInteger(item) && item >= 0 && item < 256)
      ? Uint8Array.from(items)
      : undefined
  },
})
