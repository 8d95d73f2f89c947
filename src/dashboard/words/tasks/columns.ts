/** Columns of the list of tasks that can be chosen, in their order; status and kind are always there. */
export const columns = {
  args: 'Args',
  queue: 'Queue',
  priority: 'Priority',
  attempts: 'Attempts',
  worker: 'Worker',
  tags: 'Tags',
  submitted: 'Submitted',
  eta: 'Not before',
  expires: 'Start by',
  finished: 'Finished',
  ran: 'Ran',
  id: 'Id'
} as const
export type Column = keyof typeof columns

export const columnNames = Object.keys(columns) as Column[]
export const usualColumns: readonly Column[] = ['args', 'queue', 'attempts', 'worker', 'submitted', 'ran']

/** In their order; what a browser has kept may be of another version. */
export function knownColumns(kept: readonly string[]): Column[] {
  return columnNames.filter(name => kept.includes(name))
}

export function toggled(chosen: readonly Column[], column: Column): Column[] {
  return columnNames.filter(name => (name === column) !== chosen.includes(name))
}
