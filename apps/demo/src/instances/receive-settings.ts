import { once } from 'node:events'
import type { InstanceSettings, SettingsMessage } from './messages.ts'

/**
 * What the coordinator sends to a process first. Neither an argument nor a variable, which others can read for as long as the
 * process lives: the address of Redis may have a password, and the key of the model is among them. Without a coordinator the
 * process ends, since nothing keeps it.
 */
export async function receiveSettings<Settings extends InstanceSettings>(): Promise<Settings> {
  const [{ settings }] = (await once(process, 'message')) as [SettingsMessage]
  return settings as Settings
}
