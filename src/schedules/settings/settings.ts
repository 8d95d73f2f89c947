import type { Schedule } from '../row.ts'
import type { NewSchedule, SchedulePatch } from '../schemas.ts'
import { type Option, options } from './options.ts'

const names = [
  'name',
  'task',
  'args',
  'queue',
  'priority',
  'options',
  'cron',
  'every',
  'at',
  'timezone',
  'start_at',
  'end_at',
  'jitter',
  'enabled',
  'one_off',
  'missed',
  'missed_max',
  'overlap',
  'description',
  'note',
  'tags'
] as const

/** What clients decide about a schedule; the rest of its row is up to the clock. */
export type Settings = Pick<Schedule, (typeof names)[number]>

/** Settings whose change moves the next occurrence. */
export const timingNames = ['cron', 'every', 'at', 'timezone', 'start_at', 'end_at', 'jitter'] as const

export interface SettingsDefaults {
  timezone: string
}

export function newSettings(body: NewSchedule, { timezone }: SettingsDefaults): Settings {
  return changed(
    {
      name: body.name,
      task: 'process_data',
      args: {},
      queue: null,
      priority: null,
      options: {},
      cron: null,
      every: null,
      at: null,
      timezone,
      start_at: null,
      end_at: null,
      jitter: 0,
      enabled: true,
      one_off: false,
      missed: 'skip',
      missed_max: 100,
      overlap: 'allow',
      description: null,
      note: null,
      tags: []
    },
    body
  )
}

export function settingsOf(schedule: Schedule): Settings {
  return Object.fromEntries(names.map(name => [name, schedule[name]])) as unknown as Settings
}

/** A new timing takes the place of the old one: a schedule has exactly one of cron, every and at. */
export function changed(settings: Settings, patch: SchedulePatch): Settings {
  const { at, start_at, end_at, cron, every, ...rest } = patch
  const timing = [cron, every, at].some(one => one !== undefined && one !== null)
  const old = timing ? { ...settings, cron: null, every: null, at: null } : settings
  const plain = Object.fromEntries(Object.entries(rest).filter(([name]) => !isOption(name)))
  return {
    ...old,
    ...(plain as Partial<Settings>),
    cron: cron === undefined ? old.cron : cron,
    every: every === undefined ? old.every : every,
    at: at === undefined ? old.at : dateOf(at),
    start_at: start_at === undefined ? old.start_at : dateOf(start_at),
    end_at: end_at === undefined ? old.end_at : dateOf(end_at),
    options: changedOptions(settings.options as Record<string, unknown>, patch)
  }
}

function changedOptions(current: Record<string, unknown>, patch: SchedulePatch) {
  const all: Record<string, unknown> = { ...current }
  for (const name of options) {
    if (patch[name] === null) delete all[name]
    else if (patch[name] !== undefined) all[name] = patch[name]
  }
  return all
}

function isOption(name: string): name is Option {
  return (options as readonly string[]).includes(name)
}

function dateOf(time: string | null) {
  return time === null ? null : new Date(time)
}

/** The same as columns: JSON is written as text. */
export function columnsOf(settings: Settings) {
  return { ...settings, args: JSON.stringify(settings.args), options: JSON.stringify(settings.options) }
}
