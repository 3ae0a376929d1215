import { expect, test, vi } from 'vitest'
import { commandTarget } from '@holdfast/test-http-conformance'

const LISTEN = `exec '${process.execPath}' -e 'require("http").createServer((_, res) => res.end()).listen(process.env.PORT, "127.0.0.1")'`

test('commands of the user pause, resume and kill the app', async () => {
  const commands = {
    start: LISTEN,
    pause: 'kill -STOP $PID',
    resume: 'kill -CONT $PID',
    kill: 'kill -KILL $PID',
  }
  const { url, spawn, close } = await commandTarget({ commands, redisUrl: 'redis://127.0.0.1:1' })
  const other = await spawn?.()
  if (other === undefined) throw new Error('nothing was started')
  await other.pause()
  const answer = fetch(other.url).then(({ status }) => status)
  await expect(Promise.race([answer, fetch(url).then(() => 'the other')])).resolves.toBe('the other')
  await other.resume()
  expect(await answer).toBe(200)
  await other.kill()
  await expect(fetch(other.url)).rejects.toThrow('fetch failed')
  await close?.()
})

test('the runner kills an app that the kill command does not end, and says so', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { url, prepare, close } = await commandTarget({ commands: { start: LISTEN, kill: 'true' } })
  await prepare?.(true)
  expect(error).toHaveBeenCalledWith(expect.stringContaining('did not end it'))
  await expect(fetch(url)).rejects.toThrow('fetch failed')
  error.mockRestore()
  await close?.()
})
