import { type Command, type Group, isGroup, optionName } from '../command.ts'

/** A word that may follow, and what it means. */
export interface Word {
  word: string
  about: string
}

/** What may follow the words of a command, or of a group. */
export interface CompletedPath {
  /** "" at the beginning, "task", "task list". */
  path: string
  words: Word[]
  options: (Word & { takesValue: boolean; values: readonly string[]; isFile: boolean })[]
  /** Operands are files. */
  isFile: boolean
  /** No command follows. */
  isLeaf: boolean
}

export function pathsOf(table: (Command | Group)[]): CompletedPath[] {
  const names = [...new Set(table.map(({ name }) => name))]
  const none = { options: [], isFile: false, isLeaf: false }
  return [{ path: '', words: wordsOf(table), ...none }, ...names.flatMap(name => pathsBelow(table, name))]
}

/** `worker` is a command and a group. */
function pathsBelow(table: (Command | Group)[], name: string): CompletedPath[] {
  const entries = table.filter(entry => entry.name === name)
  const [group] = entries.filter(isGroup)
  const own = entries.filter((entry): entry is Command => !isGroup(entry)).map(command => pathOf(name, command))
  if (!group) return own
  const { options = [], isFile = false } = own[0] ?? {}
  const inside = group.commands.map(command => pathOf(`${name} ${command.name}`, command))
  return [{ path: name, words: wordsOf(group.commands), options, isFile, isLeaf: false }, ...inside]
}

function wordsOf(entries: (Command | Group)[]): Word[] {
  return [...new Map(entries.map(({ name, about }) => [name, { word: name, about }])).values()]
}

function pathOf(path: string, { options, operands = [] }: Command): CompletedPath {
  const choices = operands.flatMap(({ choices = [] }) => choices)
  return {
    path,
    words: choices.map(word => ({ word, about: '' })),
    options: [
      ...Object.entries(options).map(([field, option]) => ({
        word: `--${optionName(field, option)}`,
        about: option.about,
        takesValue: option.value !== undefined,
        values: option.choices ?? [],
        isFile: option.isFile ?? false
      })),
      { word: '--help', about: 'what it does', takesValue: false, values: [], isFile: false }
    ],
    isFile: operands.some(({ isFile }) => isFile),
    isLeaf: true
  }
}
