/** Numbers travel as bare digits: .NET reads `"12,30"` as 1230, and digits have no culture. */
import { isNumber, type Json } from '../wire/json.ts'
import { type Parameter, refuseValue, systemType, valueType } from './parameter.ts'

export const int32: Parameter<number> = valueType(
  {
    type: systemType('Int32'),
    encode: (name, value) =>
      Number.isInteger(value) && Object.is(value, Math.trunc(value) + 0) && (value | 0) === value
        ? String(value)
        : refuseValue(name, value, 'a whole number that fits into 32 bits'),
    fromJson(json) {
      const value = integerIn(json)
      return value === undefined || value !== BigInt.asIntN(32, value) ? undefined : Number(value)
    },
  },
  0,
)

export const int64: Parameter<bigint, bigint | number> = valueType<bigint, bigint | number>(
  {
    type: systemType('Int64'),
    encode(name, value) {
      const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value)
      const big = isWhole ? BigInt(value) : undefined
      return big !== undefined && big === BigInt.asIntN(64, big)
        ? String(big)
        : refuseValue(name, value, 'a bigint that fits into 64 bits, or a safe integer')
    },
    fromJson(json) {
      const value = integerIn(json)
      return value === undefined || value !== BigInt.asIntN(64, value) ? undefined : value
    },
  },
  0n,
)

export const double: Parameter<number> = valueType(
  {
    type: systemType('Double'),
    encode(name, value) {
      if (Number.isNaN(value)) return '"NaN"'
      if (!Number.isFinite(value)) return refuseValue(name, value, 'a finite number or NaN')
      const text = Object.is(value, -0) ? '-0' : String(value)
      return /^-?\d+$/.test(text) ? `${text}.0` : text
    },
    fromJson(json) {
      const text = textIn(json)
      if (text === 'NaN') return NaN
      if (text === 'Infinity' || text === '-Infinity') return Number(text)
      return text !== undefined && NUMBER.test(text) ? Number(text) : undefined
    },
  },
  0,
)

/** Its text keeps the scale: `12.30` is not `12.3`. */
export const decimal: Parameter<string, string | number | bigint> = valueType<
  string,
  string | number | bigint
>(
  {
    type: systemType('Decimal'),
    encode(name, value) {
      const text = typeof value === 'string' ? value : String(value)
      return isDecimal(text)
        ? text
        : refuseValue(
            name,
            value,
            "digits with at most one point, such as '12.30', within the range of System.Decimal",
          )
    },
    fromJson(json) {
      const text = textIn(json)
      return text !== undefined && isDecimal(text) ? text : undefined
    },
  },
  '0',
)

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** 96 bits, and up to 28 digits after the point. */
function isDecimal(text: string): boolean {
  const [, whole, fraction = ''] = /^-?(0|[1-9]\d*)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined || fraction.length > 28) return false
  return BigInt(whole + fraction) < 1n << 96n
}

/** .NET takes whole numbers in quotes, too, but none with a fraction or an exponent. */
function integerIn(json: Json): bigint | undefined {
  const text = textIn(json)
  return text !== undefined && /^-?\d+$/.test(text) ? BigInt(text) : undefined
}

function textIn(json: Json): string | undefined {
  if (typeof json === 'string') return json
  return json !== null && isNumber(json) ? json.digits : undefined
}
