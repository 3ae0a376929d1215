import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { aclRules } from '@holdfast/redis-protocol'
import { startRedis } from '@holdfast/test-support/redis'
import { freePort } from '@holdfast/test-support/servers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { allCodes } from '../../src/codes/index.ts'
import { runCli, startCli } from '../run-cli.ts'
import { addReader, openShop } from '../shop.ts'

const shop = await openShop()
const { admin, server } = shop
const SECRET = 'p@ss,w/rd#1'

beforeAll(async () => {
  await addReader(shop)
  await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', ...aclRules({ prefix: 'shop' }))
  await admin.call('ACL', 'SETUSER', 'ann', 'on', `>${SECRET}`, '~*', '&*', '+@all')
})
afterAll(async () => await shop[Symbol.asyncDispose]())

describe.each(['ioredis', 'redis'])('holdfast doctor, over %s', (client) => {
  it('is ready, with what is worth to know', async () => {
    const { code, out, err } = await shop.runAs('app', 'doctor', '--client', client)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      new RegExp(
        `^redis://127\\.0\\.0\\.1:\\d+/0 · (?:Redis|Valkey) .* · .*, no limit · answers in .* · ${client} · prefix shop\\n`,
      ),
    )
    expect(out).toMatch(
      /\n\nwarning NO_PERSISTENCE\n {2}\S.*\n {2}→ CONFIG SET appendonly yes.*\n\n(?:.*\n)*ready, with \d warnings?\n$/,
    )
    expect(out).not.toContain('\u001b')
    expect(out.split('\n').length).toBeLessThan(24)
  })

  it('says what to mend first, and what each finding means', async () => {
    await admin.config('SET', 'maxmemory', '500mb')
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    onTestFinished(async () => {
      await admin.config('SET', 'maxmemory', '0')
      await admin.config('SET', 'maxmemory-policy', 'noeviction')
    })
    const { code, out } = await shop.run('doctor', '--client', client)
    expect(code).toBe(1)
    expect(out).toMatch(/\n\nERROR {3}EVICTION_POLICY\n/)
    expect(out).toMatch(
      /\n\nnot ready: first mend EVICTION_POLICY\. CONFIG SET maxmemory-policy noeviction\..*\n$/,
    )
    const json = JSON.parse((await shop.run('doctor', '--client', client, '--json')).out) as Record<
      string,
      unknown
    >
    expect(json).toMatchObject({
      schema: 1,
      command: 'doctor',
      ready: false,
      firstToMend: 'EVICTION_POLICY',
      redis: { memory: { maxBytes: 524_288_000 } },
      client,
      prefix: 'shop',
      findings: expect.arrayContaining([
        expect.objectContaining({ code: 'EVICTION_POLICY', severity: 'error', means: expect.any(String) }),
        expect.objectContaining({ code: 'NO_PERSISTENCE', severity: 'warning' }),
      ]),
    })
    // A cache may be evicted.
    expect((await shop.run('doctor', '--client', client, '--features', 'cache')).code).toBe(0)
  })

  it('says which rights a user lacks', async () => {
    const { code, out } = await shop.runAs('reader', 'doctor', '--client', client)
    expect(code).toBe(1)
    expect(out).toMatch(
      /\n\nnot ready: first mend COMMANDS_REFUSED\. Permit the user what it lacks: ACL SETUSER … /,
    )
  })

  it('shows no password, whatever goes wrong', async () => {
    const where = `127.0.0.1:${server.port}`
    const urls = [
      `redis://ann:${encodeURIComponent(SECRET)}@${where}`,
      `redis://ann:wrong-secret@${where}`,
      `redis://ann:${SECRET}@${where}`,
      `redis://ann:secret@127.0.0.1:${await freePort()}`,
      'localhost:6379,password=secret',
    ]
    const runs = await Promise.all(
      urls.map((HOLDFAST_REDIS_URL) => runCli(['doctor', '--client', client], { HOLDFAST_REDIS_URL })),
    )
    for (const { code, out, err } of runs) {
      for (const part of ['secret', SECRET, encodeURIComponent(SECRET), 'p@ss'])
        expect(out + err).not.toContain(part)
      if (code !== 0) expect(err).toMatch(/^holdfast: [^\n]*\n$/)
    }
    expect(runs.map(({ code }) => code)).toEqual([0, 3, 2, 3, 2])
  })
})

describe('a prefix without keys', () => {
  it('is ready before the first start, and named also after another doctor', async () => {
    await admin.set('holdfast:v:books::a', 'x')
    onTestFinished(async () => void (await admin.del('holdfast:v:books::a')))
    const first = await shop.run('doctor', '--prefix', 'bokos')
    const again = await shop.run('doctor', '--prefix', 'bokos', '--json')
    expect(await admin.keys('*bokos:verify-*')).not.toEqual([])
    const text =
      /No key of Holdfast has the prefix bokos \(--prefix\)\. Prefixes that have: books; looked at /
    expect([first.code, first.out]).toEqual([0, expect.stringMatching(text)])
    expect(first.out).toMatch(/\n\nready, with \d warnings?\n$/)
    expect(JSON.parse(again.out)).toMatchObject({ ready: true, prefixProblem: expect.stringMatching(text) })
    const jobs = await shop.run('jobs', 'list', '--prefix', 'bokos')
    expect([jobs.code, jobs.err]).toEqual([1, expect.stringMatching(text)])
    expect((await shop.run('doctor', '--prefix', 'books')).out).not.toContain('No key of Holdfast')
  })
})

describe('the password', () => {
  it('is refused on the command line, and never in the list of processes', async () => {
    const onCommandLine = await runCli(['doctor', '--url', `redis://ann:secret@127.0.0.1:${server.port}`])
    expect(onCommandLine.code).toBe(2)
    expect(onCommandLine.err).toMatch(/^holdfast: Every user of this machine sees a password .*\n$/)
    expect(onCommandLine.err).not.toContain('secret')
    const child = startCli(['locks', 'watch', 'report'], {
      ...shop.env,
      HOLDFAST_REDIS_URL: `redis://ann@127.0.0.1:${server.port}`,
      HOLDFAST_REDIS_PASSWORD: SECRET,
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(child.pid)])
    expect(stdout).toContain('locks watch report')
    expect(stdout).not.toContain('p@ss')
  })
})

describe('holdfast', () => {
  it('ends with 3 when Redis stands still', async () => {
    const frozen = await startRedis()
    onTestFinished(() => frozen.stop())
    process.kill(frozen.pid, 'SIGSTOP')
    const { code, err } = await runCli(['locks', 'list', '--url', frozen.url, '--timeout-ms', '300'])
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(/^holdfast: redis:\S+ cannot be reached: Redis did not answer .*\n$/),
    ])
  })

  it('acl prints the line of the page on rights for a new user, and needs no Redis', async () => {
    const { code, out } = await runCli([
      'acl',
      '--new-user',
      '--user',
      'shop-locks',
      '--prefix',
      'shop',
      '--features',
      'locks,health',
    ])
    const rules = aclRules({ prefix: 'shop', features: ['locks', 'health'] })
    expect([code, out]).toEqual([0, `ACL SETUSER shop-locks on >a-long-password ${rules.join(' ')}\n`])
    await admin.call(...(out.trim().split(' ') as [string, ...string[]]))
    // HOLDFAST_PREFIX is set, and empty.
    const json = await runCli(['acl', '--json'])
    expect(JSON.parse(json.out)).toMatchObject({
      schema: 1,
      user: 'holdfast',
      prefix: null,
      rules: aclRules(),
    })
  })

  it('acl leaves the passwords of a user as they are, and takes the prefix of the environment', async () => {
    await admin.call('ACL', 'SETUSER', 'inuse', 'on', '>secret', 'nocommands')
    const { code, out } = await runCli(['acl', '--user', 'inuse'], { HOLDFAST_PREFIX: 'shop' })
    expect([code, out]).toEqual([0, `ACL SETUSER inuse ${aclRules({ prefix: 'shop' }).join(' ')}\n`])
    await admin.call(...(out.trim().split(' ') as [string, ...string[]]))
    const user = (await admin.call('ACL', 'GETUSER', 'inuse')) as unknown[]
    expect(user[user.indexOf('passwords') + 1]).toHaveLength(1)
    expect((await shop.runAs('inuse', 'doctor')).code).toBe(0)
    expect((await shop.runAs('inuse', 'doctor', '--prefix', 'other')).code).toBe(1)
  })

  it('codes explains one, lists all, and helps with a wrong one', async () => {
    const one = await runCli(['codes', 'lease_lost'])
    expect([one.code, one.out]).toEqual([
      0,
      expect.stringMatching(/^LEASE_LOST\nkind +error\nfrom +@holdfast\/core\nmeans +\S.*\ndo +\S.*\n$/),
    ])
    const alert = await runCli(['codes', 'HoldfastJobStuck'])
    expect([alert.code, alert.out]).toEqual([0, expect.stringContaining('runbook.md#holdfastjobstuck\n')])
    const all = await runCli(['codes', '--json'])
    expect(JSON.parse(all.out)).toMatchObject({ schema: 1, codes: allCodes() })
    const wrong = await runCli(['codes', 'timeout'])
    expect([wrong.code, wrong.err]).toEqual([
      1,
      expect.stringMatching(/^holdfast: No part .* code timeout\. Did you mean .*LOCK_TIMEOUT.*\?\n$/),
    ])
  })

  it('helps, and says its version', async () => {
    const help = await runCli(['--help'])
    expect([help.code, help.err]).toEqual([0, ''])
    for (const word of ['doctor', 'jobs', 'locks', 'cache', 'acl', 'codes', 'completion', 'Exit codes:'])
      expect(help.out).toContain(word)
    expect((await runCli(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })

  it('ends with 2 and one line for what it does not take', async () => {
    const wrong = [
      'nonsense',
      'locks inspect',
      'doctor --jsno',
      'doctor redis://localhost',
      'doctor',
      'doctor --url http://localhost',
      'doctor --url redis://localhost --timeout-ms soon',
      'doctor --url redis://localhost --features lock',
      'locks show',
      'locks list --limit 0',
      'jobs list --status dead',
      'acl --prefix my\\shop --features none',
      'doctor --url rediss://localhost --tls-ca /nonexistent',
    ]
    const runs = await Promise.all(wrong.map((line) => runCli(line.split(' '))))
    expect(runs.map(({ code, out }) => [code, out])).toEqual(wrong.map(() => [2, '']))
    for (const { err } of runs) expect(err).toMatch(/^holdfast: [^\n]+\n$/)
    expect(runs[1]?.err).toBe("holdfast: unknown command 'inspect'. See holdfast locks --help.\n")
    expect(runs[2]?.err).toBe(
      "holdfast: unknown option '--jsno' (Did you mean --json?) See holdfast doctor --help.\n",
    )
    const space = await runCli(['acl', '--prefix', 'my shop'])
    const empty = await runCli(['locks', 'list', '--prefix', ''], { HOLDFAST_REDIS_URL: server.url })
    expect([empty.code, empty.err]).toEqual([2, expect.stringContaining("'--prefix <prefix>'")])
    const unset = await runCli(['locks', 'list'], { HOLDFAST_REDIS_URL: server.url, HOLDFAST_PREFIX: '' })
    expect([unset.code, unset.err]).toEqual([1, expect.stringContaining('has the prefix app ')])
    expect([space.code, space.err]).toEqual([2, expect.stringMatching(/space.*\n$/)])
  })
})
