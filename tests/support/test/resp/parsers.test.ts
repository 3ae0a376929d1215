import { ReplyParser, RequestParser, RespError } from '@holdfast/test-support/resp'
import { describe, expect, it } from 'vitest'

describe('RequestParser', () => {
  const stream =
    '*3\r\n$7\r\nEVALSHA\r\n$2\r\n\r\n\r\n$0\r\n\r\n' +
    'PING  hello\r\n' +
    '*2\r\n$3\r\nGET\r\n$5\r\nk\u00e9y!\r\n'

  it('reads pipelined, binary-safe and inline requests', () => {
    const requests = new RequestParser().push(Buffer.from(stream))
    expect(requests.map(({ name, args }) => [name, ...args.map(String)])).toEqual([
      ['evalsha', '\r\n', ''],
      ['ping', 'hello'],
      ['get', 'kéy!'],
    ])
    expect(Buffer.concat(requests.map(({ raw }) => raw)).toString()).toBe(stream)
  })

  it('reads the same wherever the bytes are split', () => {
    const bytes = Buffer.from(stream)
    for (let cut = 1; cut < bytes.length; cut++) {
      const parser = new RequestParser()
      const requests = [...parser.push(bytes.subarray(0, cut)), ...parser.push(bytes.subarray(cut))]
      expect(requests.map(({ name }) => name)).toEqual(['evalsha', 'ping', 'get'])
      expect(Buffer.concat(requests.map(({ raw }) => raw)).equals(bytes)).toBe(true)
    }
  })

  it('refuses bytes that are not a request', () => {
    expect(() => new RequestParser().push(Buffer.from('*x\r\n'))).toThrow('not a RESP request: *x')
  })
})

describe('ReplyParser', () => {
  const stream =
    '+OK\r\n-NOSCRIPT No matching script\r\n:42\r\n$-1\r\n$4\r\na\r\nb\r\n*-1\r\n*3\r\n:1\r\n*1\r\n$1\r\nx\r\n$-1\r\n' +
    '_\r\n#t\r\n,1.5\r\n(12345678901234567890\r\n=7\r\ntxt:abc\r\n!5\r\nERR x\r\n%1\r\n+k\r\n:1\r\n' +
    '|1\r\n+ttl\r\n:9\r\n+after\r\n>2\r\n+message\r\n~1\r\n+in a set\r\n'
  const values = [
    'OK',
    new RespError('NOSCRIPT No matching script'),
    42,
    null,
    'a\r\nb',
    null,
    [1, ['x'], null],
    null,
    true,
    1.5,
    12345678901234567890n,
    'abc',
    new RespError('ERR x'),
    ['k', 1],
    'after',
    ['message', ['in a set']],
  ]

  it('reads RESP2 and RESP3', () => {
    const replies = new ReplyParser().push(Buffer.from(stream))
    expect(replies.map(({ value }) => value)).toEqual(values)
    expect(replies.at(-1)?.type).toBe('>')
  })

  it('reads the same wherever the bytes are split', () => {
    for (let cut = 1; cut < stream.length; cut++) {
      const parser = new ReplyParser()
      const replies = [
        ...parser.push(Buffer.from(stream.slice(0, cut))),
        ...parser.push(Buffer.from(stream.slice(cut))),
      ]
      expect(replies.map(({ value }) => value)).toEqual(values)
      expect(Buffer.concat(replies.map(({ raw }) => raw)).toString()).toBe(stream)
    }
  })

  it('refuses bytes that are not a reply', () => {
    expect(() => new ReplyParser().push(Buffer.from('HTTP/1.1 200 OK\r\n'))).toThrow('not a RESP reply: HTTP')
  })
})
