import { checkOf, type FieldProblem } from '#schema/check.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { NewSchedule } from '../schemas.ts'
import { checkTiming, mustCome } from '../settings/check.ts'
import { newSettings, type SettingsDefaults } from '../settings/settings.ts'

/** A schedule that stands in a task module, or beside a built-in kind. */
export interface Declared {
  kind: Kind
  /** The module, or `built-in`. */
  file: string
  body: NewSchedule
}

export const builtIn = 'built-in'

export function declaredIn(kinds: Kinds): Declared[] {
  return [...kinds.values()].flatMap(kind =>
    (kind.schedules ?? []).map(said => ({
      kind,
      file: kind.file ?? builtIn,
      body: { name: kind.name, task: kind.name, ...said } as NewSchedule
    }))
  )
}

/** What does not fit, each named by file and field: it stops the start. */
export function problemsOfDeclared(kinds: Kinds, defaults: SettingsDefaults): string[] {
  const files = new Map<string, string>()
  return declaredIn(kinds).flatMap(declared => {
    const { body, file, kind } = declared
    const taken = files.get(body.name)
    files.set(body.name, file)
    const problems =
      taken === undefined
        ? problemsOf(declared, defaults)
        : [{ field: 'name', message: 'is taken by another schedule' }]
    return problems.map(
      ({ field, message }) => `${file}: schedule ${JSON.stringify(body.name ?? kind.name)}: ${field} ${message}`
    )
  })
}

function problemsOf({ body, kind }: Declared, defaults: SettingsDefaults): FieldProblem[] {
  const wrong = checkOf(NewSchedule)(body)
  if (wrong.length > 0) return wrong
  if (body.task !== kind.name) return [{ field: 'task', message: 'is the kind beside which it stands: leave it out' }]
  const args = checkOf(kind.args)(body.args ?? {})
  if (args.length > 0)
    return args.map(({ field, message }) => ({ field: field === '' ? 'args' : `args.${field}`, message }))
  const settings = newSettings(body, defaults)
  const now = new Date()
  // The module outlives a time that it names.
  const timing = { ...settings, id: body.name, anchor: now, end_at: null, at: settings.at && now }
  try {
    checkTiming(timing, now)
    mustCome(timing, now)
    return []
  } catch (error) {
    const { errors } = error as { errors?: FieldProblem[] }
    if (!errors) throw error
    return errors
  }
}
