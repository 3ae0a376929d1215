import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '@holdfast/core'
import {
  type HttpRequestFacts,
  type NodeMessage,
  jobKeyOf,
  jobTypeOf,
  messageHasBody,
  standardFingerprint,
} from '@holdfast/http'

const facts: HttpRequestFacts = {
  method: 'post',
  route: '/v1/orders/:id',
  params: { id: '7' },
  url: '/v1/orders/7?b=2&a=1&b=1#fragment',
  headers: { 'content-type': 'Application/JSON; charset=utf-8' },
  body: { b: 1, a: [1, 2] },
  hasBody: true,
}

const same = (one: Partial<HttpRequestFacts>, other: Partial<HttpRequestFacts>): boolean =>
  fingerprintOf(standardFingerprint({ ...facts, ...one })) ===
  fingerprintOf(standardFingerprint({ ...facts, ...other }))

const typed = (type: string, body: unknown): Partial<HttpRequestFacts> => ({
  headers: { 'content-type': type },
  body,
})

const http2 = (endAfterHeaders: boolean): NodeMessage => ({
  headers: {},
  httpVersionMajor: 2,
  stream: { endAfterHeaders },
})

describe('what two requests with one key must agree in', () => {
  test('is method, route, parameters, sorted query, media type and body', () => {
    expect(standardFingerprint(facts)).toEqual({
      method: 'POST',
      route: '/v1/orders/:id',
      params: [['id', '7']],
      query: [
        ['a', '1'],
        ['b', '2'],
        ['b', '1'],
      ],
      mediaType: 'application/json',
      body: { b: 1, a: [1, 2] },
    })
  })

  test.each<[string, Partial<HttpRequestFacts>, Partial<HttpRequestFacts>, boolean]>([
    ['order of keys', { body: { a: 1, b: 2 } }, { body: { b: 2, a: 1 } }, true],
    ['order of an array', { body: [1, 2] }, { body: [2, 1] }, false],
    ['a string and a number', { body: { a: '1' } }, { body: { a: 1 } }, false],
    ['null and nothing', { body: null }, { body: undefined, hasBody: false }, false],
    ['nothing and an empty object', { body: undefined, hasBody: false }, { body: {} }, false],
    ['order of values of one name', { url: '/?a=1&a=2' }, { url: '/?a=2&a=1' }, false],
    ['encoding of the query', { url: '/?a=%20b' }, { url: '/?a=+b' }, true],
    ['parameters of the media type', typed('text/plain;a=b', 'x'), typed('TEXT/plain', 'x'), true],
    [
      'JSON as text',
      typed('application/json', '{"a":1, "b":2}'),
      typed('application/json', '{"b":2,"a":1}'),
      true,
    ],
    ['JSON as bytes', typed('a/b+json', Buffer.from('[1]')), typed('a/b+json', [1]), true],
    ['media type', typed('text/a', 'x'), typed('text/b', 'x'), false],
    ['bytes and text', typed('a/b', Buffer.from('x')), typed('a/b', 'x'), false],
  ])('%s', (_name, one, other, isSame) => {
    expect(same(one, other)).toBe(isSame)
  })

  test('a boundary does not count, the parts do', () => {
    const form = (boundary: string, value: string): Partial<HttpRequestFacts> =>
      typed(
        `multipart/form-data; boundary="${boundary}"`,
        Buffer.from(`--${boundary}\r\n\r\n${value}\r\n--${boundary}--\r\n`),
      )
    expect(same(form('one', 'a'), form('other', 'a'))).toBe(true)
    expect(same(form('one', 'a'), form('one', 'b'))).toBe(false)
  })

  test('a body that no parser has read is refused instead of ignored', () => {
    const unread = {
      ...facts,
      headers: { 'content-length': '5', 'content-type': 'video/mp4' },
      body: undefined,
    }
    expect(() => standardFingerprint(unread)).toThrow(/video\/mp4 body has not been read/)
  })

  test.each<[string, NodeMessage, boolean]>([
    ['a length', { headers: { 'content-length': '5' } }, true],
    ['no length', { headers: { 'content-length': '0' } }, false],
    ['chunks', { headers: { 'transfer-encoding': 'chunked' } }, true],
    ['HTTP/1 that announces nothing', { headers: {}, httpVersionMajor: 1 }, false],
    ['HTTP/2 that goes on after its headers', http2(false), true],
    ['HTTP/2 that ends with its headers', http2(true), false],
    ['HTTP/2 that says its length is 0', { ...http2(false), headers: { 'content-length': '0' } }, false],
  ])('%s', (_name, message, hasBody) => {
    expect(messageHasBody(message)).toBe(hasBody)
  })

  test('the content of a part cannot imitate two other parts', () => {
    const disposition = (name: string): string => `\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`
    const form = (boundary: string, ...parts: string[]): Partial<HttpRequestFacts> =>
      typed(
        `multipart/form-data; boundary=${boundary}`,
        parts.map((part) => `--${boundary}${part}\r\n`).join('') + `--${boundary}--\r\n`,
      )
    const two = form('x', `${disposition('note')}a`, `${disposition('amount')}2`)
    const one = form('x', `${disposition('note')}a\r\n--${disposition('amount')}2`)
    expect(same(two, one)).toBe(false)
  })
})

describe('names', () => {
  test('executions are listed by method and route', () => {
    expect(jobTypeOf(facts)).toBe('http:POST /v1/orders/:id')
  })

  test('no part of a key can imitate another', () => {
    const keys = [
      jobKeyOf('a', 'b', facts),
      jobKeyOf('a"', 'b', facts),
      jobKeyOf('a","b', '', facts),
      jobKeyOf(null, 'b', facts),
      jobKeyOf('null', 'b', facts),
      jobKeyOf('a', 'b', { ...facts, params: {} }),
      jobKeyOf('a', 'b', { ...facts, params: { id: '8' } }),
      jobKeyOf('a', 'b', { ...facts, params: { 'id","7': '' } }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    expect(jobKeyOf('a', 'b', facts)).toBe(jobKeyOf('a', 'b', { ...facts, body: 'other', url: '/' }))
  })

  test('the order of parameters does not count', () => {
    const one = jobKeyOf('a', 'k', { ...facts, params: { x: '1', y: '2' } })
    expect(jobKeyOf('a', 'k', { ...facts, params: { y: '2', x: '1' } })).toBe(one)
  })
})
