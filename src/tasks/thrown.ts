import { GiveUp, StoreOutage } from './define.ts'

/** People throw anything, also what cannot be shown: whatever it is gets a type and a sentence. It never throws. */
export function describe(thrown: unknown, thrower = 'The task'): { type: string; message: string } {
  try {
    if (thrown instanceof StoreOutage) return { type: thrown.type, message: thrown.message }
    if (thrown instanceof GiveUp) return { type: String(thrown.type) || 'GiveUp', message: String(thrown.message) }
    if (thrown instanceof Error) return { type: typeOf(thrown), message: String(thrown.message) || typeOf(thrown) }
    return { type: 'NotAnError', message: `${thrower} threw ${String(thrown)}` }
  } catch {
    return { type: 'NotAnError', message: `${thrower} threw something that cannot be shown` }
  }
}

/** Its name, or that of its class where it says nothing by itself. */
function typeOf(error: Error) {
  const name = String(error.name)
  return name !== '' && name !== 'Error' ? name : String(error.constructor.name) || 'Error'
}
