import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HangfireUnreadableError, HangfireUnsupportedError } from '../../src/index.ts'
import { type Continuation, decodeContinuations, encodeContinuations } from '../../src/wire/continuations.ts'
import type { Dialect } from '../../src/wire/dialect.ts'
import {
  type Invocation,
  decodeInvocationFields,
  decodePayload,
  encodeInvocationFields,
  encodePayload,
} from '../../src/wire/invocation.ts'
import { decodeJob, encodeJob, queueOfJob } from '../../src/wire/job-hash.ts'
import { decodeRecurringJob, encodeRecurringJob } from '../../src/wire/recurring.ts'
import { decodeServer, encodeServer } from '../../src/wire/servers.ts'

const ms: Dialect = { dates: 'ms', typeNames: 'simple' }
const at = 1_795_906_376_182
const fields = {
  Type: 'A, B',
  Method: 'Run',
  ParameterTypes: '["System.Int32"]',
  Arguments: '["1"]',
  CreatedAt: String(at),
}
const invocation: Invocation = {
  type: 'A, B',
  method: 'Run',
  parameterTypes: ['System.Int32'],
  arguments: ['1'],
}

const invocations: fc.Arbitrary<Invocation> = fc.record(
  {
    type: fc.string(),
    method: fc.string(),
    parameterTypes: fc.array(fc.string()),
    arguments: fc.array(fc.option(fc.string())),
    queue: fc.string({ minLength: 1 }),
  },
  { requiredKeys: ['type', 'method', 'parameterTypes', 'arguments'] },
)

describe('what a job calls', () => {
  it('is the same after it was written and read, in every form', () => {
    fc.assert(
      fc.property(invocations, (call) => {
        expect(decodeInvocationFields(encodeInvocationFields(call))).toEqual(call)
        expect(decodePayload(encodePayload(call, 'ms'))).toEqual(call)
        expect(decodePayload(encodePayload(call, 'iso'))).toEqual(call)
      }),
    )
  })

  it.each([
    ['a list', '["1",null]', ['1', null]],
    [
      'one wrapped by Newtonsoft.Json',
      '{"$type":"System.String[], mscorlib","$values":["1",null]}',
      ['1', null],
    ],
    ['one that is encoded once', '["hi",42,true]', ['hi', '42', 'true']],
  ])('has arguments in %s', (_what, Arguments, expected) => {
    expect(decodeInvocationFields({ ...fields, Arguments }).arguments).toEqual(expected)
  })

  it.each(['', 'x', '{}', '[{}]', '"a"'])('is unreadable with the arguments %s', (Arguments) => {
    expect(() => decodeInvocationFields({ ...fields, Arguments })).toThrow(HangfireUnreadableError)
  })

  it('is unreadable with types that are null, and without a type', () => {
    expect(() => decodeInvocationFields({ ...fields, ParameterTypes: '[null]' })).toThrow(
      HangfireUnreadableError,
    )
    expect(() => decodeInvocationFields({ Method: 'Run', Arguments: '[]' })).toThrow(HangfireUnreadableError)
  })

  it('is read from every payload that .NET accepts', () => {
    const call = { ...invocation, queue: 'critical' }
    expect(decodePayload('{"t":"A, B","m":"Run","p":["System.Int32"],"a":["1"],"q":"critical"}')).toEqual(
      call,
    )
    expect(
      decodePayload(
        '{"Type":"A, B","Method":"Run","ParameterTypes":"[\\"System.Int32\\"]","Arguments":"[\\"1\\"]","Queue":"critical"}',
      ),
    ).toEqual(call)
    expect(
      decodePayload(
        '{"$type":"Hangfire.Storage.InvocationData, Hangfire.Core","<Type>k__BackingField":"A, B","<Method>k__BackingField":"Run","<ParameterTypes>k__BackingField":{"$type":"System.String[], mscorlib","$values":["System.Int32"]},"<Arguments>k__BackingField":["1"],"<Queue>k__BackingField":"critical"}',
      ),
    ).toEqual(call)
    expect(decodePayload('{"t":"A, B","m":"Run"}')).toEqual({
      type: 'A, B',
      method: 'Run',
      parameterTypes: [],
      arguments: [],
    })
    for (const text of ['', '[]', '{"t":"A, B"}', '{"t":1,"m":"Run"}'])
      expect(() => decodePayload(text)).toThrow(HangfireUnreadableError)
  })
})

describe('a job', () => {
  it('keeps what it does not know byte for byte', () => {
    const job = decodeJob({ ...fields, CurrentCulture: '"pl-PL"', BatchId: '"b"', Odd: '{' })
    expect(job.parameters).toEqual({ CurrentCulture: '"pl-PL"', BatchId: '"b"', Odd: '{' })
  })

  it('is read with all that its life adds', () => {
    const job = decodeJob({
      ...fields,
      State: 'Processing',
      Queue: 'critical',
      Fetched: '2026-11-28T22:52:56.1820000',
      Checked: '',
      RetryCount: '2',
      RecurringJobId: '"cleanup"',
      Continuations: '[{"JobId":"c"}]',
    })
    expect(job).toEqual({
      invocation: { ...invocation, queue: 'critical' },
      createdAt: at,
      stateName: 'Processing',
      fetchedAt: at,
      retryCount: 2,
      recurringJobId: 'cleanup',
      continuations: [{ jobId: 'c', on: 'any' }],
      parameters: {},
    })
  })

  it('never has an empty queue, which makes it unloadable on storage 1.12.0', () => {
    expect(decodeJob({ ...fields, Queue: '' }).invocation.queue).toBeUndefined()
    expect(
      encodeJob({ invocation: { ...invocation, queue: '' }, createdAt: at, stateName: 'Enqueued' }, ms),
    ).not.toHaveProperty('Queue')
  })

  it.each([
    ['CreatedAt', 'soon'],
    ['Fetched', 'x'],
    ['RetryCount', '1.5'],
    ['Continuations', 'x'],
    ['RecurringJobId', 'bare'],
  ])('is unreadable with the %s %s', (name, text) => {
    expect(() => decodeJob({ ...fields, [name]: text })).toThrow(HangfireUnreadableError)
    expect(() => decodeJob({ ...fields, [name]: text })).toThrow(name)
  })

  it('is in the queue of its state, unless that says default and the job has one', () => {
    expect([
      queueOfJob('default', 'critical'),
      queueOfJob('other', 'critical'),
      queueOfJob('default', undefined),
    ]).toEqual(['critical', 'other', 'default'])
  })
})

describe('continuations', () => {
  it('are the same after they were written and read', () => {
    const on = fc.constantFrom<Continuation['on'][]>('any', 'succeeded', 'deleted', 'succeeded or deleted')
    const lists = fc.array(fc.record({ jobId: fc.string({ minLength: 1 }), on }))
    fc.assert(
      fc.property(lists, (list) => {
        expect(decodeContinuations(encodeContinuations(list))).toEqual(list)
      }),
    )
  })

  it('have no options for any end, and are read from every form', () => {
    expect(
      encodeContinuations([
        { jobId: 'a', on: 'any' },
        { jobId: 'b', on: 'deleted' },
      ]),
    ).toBe('[{"JobId":"a"},{"JobId":"b","Options":2}]')
    expect(decodeContinuations('[{"<JobId>k__BackingField":"a","<Options>k__BackingField":1}]')).toEqual([
      { jobId: 'a', on: 'succeeded' },
    ])
    expect(
      decodeContinuations(
        '{"$type":"X","$values":[{"$type":"Y","JobId":"a","Options":"OnlyOnSucceededState, OnlyOnDeletedState"}]}',
      ),
    ).toEqual([{ jobId: 'a', on: 'succeeded or deleted' }])
  })

  it.each([
    '',
    '{}',
    '[{}]',
    '[{"JobId":1}]',
    '[{"JobId":"a","Options":9}]',
    '[{"JobId":"a","Options":"Sometimes"}]',
  ])('are unreadable: %s', (text) => {
    expect(() => decodeContinuations(text)).toThrow(HangfireUnreadableError)
  })
})

describe('a recurring job', () => {
  const job = { invocation, cron: '0 0 * * *', timeZone: 'UTC', createdAt: at }

  it('that is new has version 2 and no next execution, so that .NET computes it', () => {
    expect(encodeRecurringJob(job, ms)).toEqual({
      Queue: 'default',
      Cron: '0 0 * * *',
      TimeZoneId: 'UTC',
      Job: '{"t":"A, B","m":"Run","p":["System.Int32"],"a":["1"]}',
      CreatedAt: '1795906376182',
      V: '2',
    })
  })

  it('is the same after it was written and read', () => {
    const misfire = fc.constantFrom('once', 'every', 'ignore')
    fc.assert(
      fc.property(invocations, misfire, fc.nat(), (call, how, more) => {
        const written = { ...job, invocation: call, misfire: how, nextExecution: at + more }
        expect(decodeRecurringJob(encodeRecurringJob(written, ms))).toEqual({
          ...written,
          queue: 'default',
          retryAttempt: 0,
        })
      }),
    )
  })

  it('shows why .NET gave up, and empty texts as nothing', () => {
    expect(
      decodeRecurringJob({ V: '2', Error: 'bad cron', RetryAttempt: '5', NextExecution: '', LastJobId: '' }),
    ).toEqual({
      timeZone: 'UTC',
      queue: 'default',
      misfire: 'once',
      error: 'bad cron',
      retryAttempt: 5,
    })
  })

  it.each([{ V: '3' }, { V: '2', Misfire: '7' }])('of a later kind is left alone: %o', (stored) => {
    expect(() => decodeRecurringJob(stored as unknown as Record<string, string>)).toThrow(
      HangfireUnsupportedError,
    )
  })

  it.each([{ Job: 'x' }, { NextExecution: 'soon' }, { V: 'two' }])('is unreadable: %o', (stored) => {
    expect(() => decodeRecurringJob(stored as unknown as Record<string, string>)).toThrow(
      HangfireUnreadableError,
    )
  })
})

describe('a server', () => {
  it('is the same after it was written and read', () => {
    const server = { startedAt: at, workerCount: 4, heartbeat: at + 1 }
    expect(decodeServer(encodeServer(server, 'iso'))).toEqual(server)
    expect(encodeServer({ startedAt: at }, 'ms')).toEqual({ StartedAt: '1795906376182' })
    expect(() => encodeServer({ startedAt: at, workerCount: 1.5 }, 'ms')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  it('that a late heartbeat made is unreadable', () => {
    expect(() => decodeServer({ Heartbeat: '1795906376182' })).toThrow('StartedAt')
  })
})
