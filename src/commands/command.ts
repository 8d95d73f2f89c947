/** What a command is. Parsing, help, shell completion and the table of the README are made of such declarations. */

export interface Option<T = unknown> {
  about: string
  /** Stands for its value in the help; a flag has none. */
  value?: string
  /** Name on the command line; by default that of the field, with dashes. */
  as?: string
  /** May be given several times. */
  many?: boolean
  /** All values that there are, for shells to complete. */
  choices?: readonly string[]
  /** Values are files, for shells to complete. */
  isFile?: boolean
  /** Variable of the environment that it sets. */
  env?: string
  /** Reads what was given, or throws a sentence that completes "--name …". */
  read(texts: string[]): T
}

/** By the name of the field that they fill. */
export type Options = Record<string, Option<any>>

export interface Operand {
  name: string
  about: string
  isOptional?: boolean
  /** Only of the last one. */
  isMany?: boolean
  isFile?: boolean
  choices?: readonly string[]
}

export interface Given<O extends Options = Options> {
  operands: string[]
  values: { [Field in keyof O]?: O[Field] extends Option<infer T> ? T : never }
}

export interface Command<O extends Options = Options> {
  name: string
  about: string
  operands?: Operand[]
  options: O
  /** Lines of the help below the options. */
  notes?: string[]
  examples?: string[]
  /** Whose settings its help lists: those of the service, or of its clients. */
  settings: 'service' | 'client' | 'none'
  /** All arguments are passed on to another program. */
  isWrapper?: boolean
  /** Answers the exit code. Imports its modules when it runs, so that the help is quick. */
  run(given: Given<O>): Promise<number>
}

export interface Group {
  name: string
  about: string
  commands: Command[]
}

/** Lets `run` know the types of the options. */
export function command<O extends Options>(declared: Command<O>): Command<O> {
  return declared
}

/** `max_retries` is `--max-retries`. */
export function optionName(field: string, { as }: Option): string {
  return as ?? field.replaceAll('_', '-')
}

export function isGroup(entry: Command | Group): entry is Group {
  return 'commands' in entry
}
