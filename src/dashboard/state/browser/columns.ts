import { type Column, knownColumns, usualColumns } from '../../words/tasks/columns.ts'
import { kept } from './kept.ts'

const chosen = kept<readonly Column[]>('darkroom.columns', usualColumns, stored =>
  Array.isArray(stored) ? knownColumns(stored) : usualColumns
)

export const chosenColumns = chosen.read
export const chooseColumns = chosen.change
