import type { InTransaction } from '#database/connect.ts'
import { printNames } from '#media/plan/codecs.ts'
import { refuse } from '#schema/check.ts'
import { findPrintNames } from '../queries.ts'

/** The settings RUNGS and CODECS of this API; a worker plans by its own, which should be the same. */
export interface PrintSettings {
  rungs: string[]
  codecs: string[]
}

/** Refuses names that no print of this film can have: its task would only fail. */
export async function mustKnowPrints(
  trx: InTransaction,
  id: string,
  only: string[],
  { rungs, codecs }: PrintSettings
): Promise<void> {
  const usual = printNames(rungs, codecs)
  if (only.every(name => usual.includes(name))) return
  // A film below all rungs has a print of its own size.
  const own = (await findPrintNames(trx, id)).filter(name => /^\d+p/.test(name)).map(name => name.split('.')[0]!)
  const known = printNames([...new Set([...rungs, ...own])], codecs)
  const problems = only.flatMap((name, at) => {
    const message = `must be one of ${known.join(', ')}: the settings RUNGS and CODECS of the API name the prints`
    return known.includes(name) ? [] : [{ field: `only[${at}]`, message }]
  })
  if (problems.length > 0) throw refuse(problems)
}
