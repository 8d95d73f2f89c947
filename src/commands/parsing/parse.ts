import { parseArgs } from 'node:util'
import { type Command, type Given, optionName } from '../command.ts'
import { WrongUse } from '../failures.ts'

/** What was given to a command; undefined where its help is asked for. */
export function parse(name: string, { options, operands = [], isWrapper }: Command, args: string[]): Given | undefined {
  const hint = `; "darkroom ${name} --help" tells how it is used`
  if (isWrapper) return ['--help', '-h'].includes(args[0]!) ? undefined : { operands: args, values: {} }

  const fields = new Map(Object.entries(options).map(([field, option]) => [optionName(field, option), field]))
  const kinds = [...fields].map(([option, field]) => [option, { type: options[field]!.value ? 'string' : 'boolean' }])
  const { tokens } = parseArgs({
    args,
    // Its own sentences are of programmers, for programmers.
    strict: false,
    tokens: true,
    options: { help: { type: 'boolean', short: 'h' }, ...Object.fromEntries(kinds) }
  })
  if (tokens.some(token => token.kind === 'option' && token.name === 'help')) return undefined

  const found = tokens.filter(token => token.kind === 'positional').map(({ value }) => value)
  const texts = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const field = fields.get(token.name)
    if (field === undefined) throw new WrongUse(`There is no option ${token.rawName}${hint}`)
    const { value: wanted, many } = options[field]!
    const before = texts.get(field) ?? []
    if (before.length > 0 && !many && wanted) throw new WrongUse(`${token.rawName} was given twice${hint}`)
    if (!wanted && token.value !== undefined) throw new WrongUse(`${token.rawName} takes no value${hint}`)
    const isMissing = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))
    if (wanted && isMissing) throw new WrongUse(`${token.rawName} needs a value, ${wanted}${hint}`)
    texts.set(field, [...before, token.value ?? ''])
  }

  const missing = operands[found.length]
  if (missing && !missing.isOptional) throw new WrongUse(`Missing ${missing.name}: ${missing.about}${hint}`)
  if (found.length > operands.length && !operands.at(-1)?.isMany) {
    throw new WrongUse(`Unexpected argument "${found[operands.length]}"${hint}`)
  }
  return { operands: found, values: read(options, texts, hint) }
}

function read(options: Command['options'], texts: Map<string, string[]>, hint: string) {
  const values: Record<string, unknown> = {}
  for (const [field, given] of texts) {
    const option = options[field]!
    try {
      values[field] = option.read(given)
    } catch (error) {
      throw new WrongUse(`--${optionName(field, option)} ${(error as Error).message}${hint}`)
    }
  }
  return values
}
