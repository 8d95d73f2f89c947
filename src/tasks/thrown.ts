import { GiveUp, StoreOutage } from './define.ts'

// Most characters that are shown of a thrown plain object.
const longestJson = 1_000

/** A type and a sentence for any thrown value, even for one that cannot be printed. It never throws. */
export function describeThrown(thrown: unknown, thrower = 'The task'): { type: string; message: string } {
  try {
    if (thrown instanceof StoreOutage) return { type: thrown.type, message: thrown.message }
    if (thrown instanceof GiveUp) return { type: String(thrown.type) || 'GiveUp', message: String(thrown.message) }
    if (thrown instanceof Error) return { type: typeOf(thrown), message: String(thrown.message) || typeOf(thrown) }
    return { type: 'NotAnError', message: `${thrower} threw ${shown(thrown)}` }
  } catch {
    return { type: 'NotAnError', message: `${thrower} threw something that cannot be shown` }
  }
}

/** Its name, or that of its class where it has none of its own. */
function typeOf(error: Error) {
  const name = String(error.name)
  return name !== '' && name !== 'Error' ? name : String(error.constructor.name) || 'Error'
}

/** A plain object or a list as JSON: as a string it would be `[object Object]`. */
function shown(thrown: unknown) {
  const prototype = typeof thrown === 'object' && thrown !== null ? Object.getPrototypeOf(thrown) : undefined
  const isPlain = prototype === null || prototype === Object.prototype || Array.isArray(thrown)
  return isPlain ? jsonOf(thrown) : String(thrown)
}

function jsonOf(thrown: unknown) {
  const json = JSON.stringify(thrown)
  return json.length > longestJson ? `${json.slice(0, longestJson)}…` : json
}
