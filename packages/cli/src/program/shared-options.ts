import { type Command, InvalidArgumentError, Option } from 'commander'
import { CLIENT_NAMES } from '../session/options.ts'

/** A whole number from `least`, for an option. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d{1,9}$/.test(text) && value >= least) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least}.`)
  }
}

/** A list with commas between some of `choices`. */
export function someOf(choices: readonly string[]): (text: string) => readonly string[] {
  return (text) => {
    const chosen = text.split(',').map((each) => each.trim())
    if (chosen.every((each) => choices.includes(each))) return chosen
    throw new InvalidArgumentError(`Allowed are ${choices.join(', ')}, with commas between them.`)
  }
}

/** `--prefix`, or its variable. */
export function prefixOption(description: string): Option {
  return fromVariable(new Option('--prefix <prefix>', description).argParser(notEmpty), 'HOLDFAST_PREFIX')
}

function notEmpty(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It must not be empty.')
}

/** A variable that is empty counts as not set, as that of the URL does. */
function fromVariable(option: Option, name: string): Option {
  if (process.env[name] === '') delete process.env[name]
  return option.env(name)
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON, for scripts')
}

/** What every command takes that talks to Redis. */
export function withConnection(command: Command): Command {
  return withJson(command)
    .addOption(prefixOption('the prefix of the app').default('app'))
    .option('--url <url>', 'Redis, without a password (default: HOLDFAST_REDIS_URL, else REDIS_URL)')
    .addOption(
      new Option('--client <name>', 'the client library (default: the first that is installed)').choices(
        CLIENT_NAMES,
      ),
    )
    .addOption(
      fromVariable(
        new Option('--timeout-ms <ms>', 'how long a connection and each answer may take'),
        'HOLDFAST_TIMEOUT_MS',
      )
        .argParser(wholeNumber(1))
        .default(2_000),
    )
    .option('--tls-ca <file>', "the certificate of the authority that signed the server's, in PEM")
    .option('--tls-cert <file>', 'your certificate, where the server asks for one')
    .option('--tls-key <file>', 'the key of your certificate')
}

/** Of a command that changes something. */
export function withYes(command: Command): Command {
  return command.option('-y, --yes', 'do not ask')
}
