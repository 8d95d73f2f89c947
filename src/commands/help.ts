import { settings } from '#config.ts'
import { version } from '../version.ts'
import { type Command, type Group, isGroup, type Option, optionName } from './command.ts'
import type { Found } from './parsing/find.ts'

type Line = [word: string, about: string]

/** Of the clients of a service. */
export const clientSettings: Record<string, string> = {
  DARKROOM_URL: 'address of the service; unset: where the API on DATA_DIR listens, else HOST and PORT',
  DARKROOM_KEY: 'key, where the service asks for one; never an option, as every account can read those',
  DARKROOM_KEY_FILE: 'file with the key; unset: darkroom/key in ~/.config, for this account alone (chmod 600)',
  NO_COLOR: 'no colours, whatever its value'
}

const exits = 'Exit code: 0 done, 1 refused or failed, 2 wrong use, 3 no service answers.'

export function overview(table: (Command | Group)[]): string {
  const names = table.map(entry => (isGroup(entry) ? `${entry.name} …` : entry.name))
  return `Darkroom ${version}: video processing and background tasks on Postgres alone

Usage: darkroom <command> [options]

${lines(table.map(({ about }, at) => [names[at]!, about]))}

"darkroom <command> --help" describes a command and lists the settings.
${exits}`
}

export function helpOf({ name, command, group }: Found): string {
  const parts = [command && commandHelp(name, command), group && groupHelp(group)]
  return parts.filter(Boolean).join('\n\n')
}

function groupHelp({ name, about, commands }: Group): string {
  return `darkroom ${name}: ${about}

${lines(commands.map(command => [usage(name, command), command.about]))}

"darkroom ${name} <command> --help" describes a command.`
}

function commandHelp(name: string, command: Command): string {
  const { about, operands = [], options, notes = [], examples = [], settings: which } = command
  const list: Line[] = [
    ...operands.map(({ name, about }): Line => [name, about]),
    ...Object.entries(options).map(([field, option]): Line => {
      const word = `--${optionName(field, option)}`
      return [
        option.value ? `${word} ${option.value}` : word,
        option.many ? `${option.about}; may be repeated` : option.about
      ]
    }),
    ...notes.map((note): Line => note.split(/ {2,}(.*)/s).slice(0, 2) as Line)
  ]
  const parts = [
    `darkroom ${name}: ${about}`,
    `Usage: darkroom ${usage(name.split(' ').slice(0, -1).join(' '), command)}${list.length > 0 ? ' [options]' : ''}`,
    list.length > 0 && `Options\n${lines(list)}`,
    valuesText(Object.values(options)),
    examples.length > 0 && `Example\n${examples.map(example => `  ${example}`).join('\n')}`,
    which !== 'none' && `Settings, from the environment\n${lines(settingsOf(which))}`,
    which === 'client' && exits
  ]
  return parts.filter(Boolean).join('\n\n')
}

/** What may stand for a value whose name does not say so. */
function valuesText(options: Option[]) {
  const names = options.map(({ value }) => value)
  const sentences = [
    names.includes('seconds') && 'Seconds may be a duration, such as 5m, 2h or 1d.',
    names.includes('time') &&
      'A time is 2030-01-31T09:00:00Z, without an offset one of this machine, or a duration from now.'
  ]
  return sentences.filter(Boolean).join('\n')
}

function usage(group: string, { name, operands = [] }: Command) {
  const words = operands.map(({ name, isOptional, isMany }) => {
    const word = isMany ? `${name} …` : name
    return isOptional ? `[${word}]` : word
  })
  return [group, name, ...words].filter(Boolean).join(' ')
}

function settingsOf(which: Command['settings']): Line[] {
  if (which === 'client') return Object.entries(clientSettings)
  return Object.entries(settings).map(([variable, { fallback, about }]) => [
    variable,
    fallback === undefined ? about : `${about} (${fallback})`
  ])
}

const widest = 28

/** The second column begins alike for all; a longer word has its line alone. */
function lines(list: Line[]) {
  const width = Math.min(widest, Math.max(...list.map(([word]) => word.length)))
  return list
    .map(([word, about]) =>
      word.length > width ? `  ${word}\n  ${' '.repeat(width)} ${about}` : `  ${word.padEnd(width)} ${about}`
    )
    .join('\n')
}
