/** Every kind of value that the codec carries. */
export const everything = {
  text: 'ünïcödé \u{1F512} {"v":2}',
  numbers: [0, -0, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, Number.MAX_SAFE_INTEGER],
  nothing: [null, undefined, false, ''],
  big: 2n ** 80n,
  date: new Date('2001-02-03T04:05:06.789Z'),
  noDate: new Date(Number.NaN),
  bytes: new Uint8Array([0, 255, 13, 10]),
  buffer: Buffer.from([1, 2, 254]),
  map: new Map<unknown, unknown>([
    ['a', new Set([1n, new Date(0)])],
    [{ deep: 1 }, new Map([['b', undefined]])],
  ]),
  set: new Set<unknown>(['x', [new Uint8Array([7])]]),
  looksLikeOurs: { $holdfast: 'date', data: 'no date at all' },
  long: 'compressible '.repeat(40),
}

/** What a body failed with. */
export const failure = {
  name: 'CardDeclined',
  message: 'The card was declined: ünicode, too.',
  code: 'card_declined',
  why: 'the reason behind it',
}
