import { WrongUse } from '../failures.ts'
import { show } from '../screen/print.ts'
import type { Service } from '../service/service.ts'
import { pathOf, type Schedule } from './body.ts'
import { describeSchedule } from './show.ts'

interface Settings {
  json?: boolean
  [field: string]: unknown
}

const timings = ['cron', 'every', 'at']

export async function addSchedule(service: Service, name: string, { json, disabled, ...fields }: Settings) {
  const given = timings.filter(timing => fields[timing] !== undefined)
  if (given.length !== 1) throw new WrongUse('One of --cron, --every and --at says when a schedule is due')
  if (fields.task === undefined) throw new WrongUse('Missing --kind: the kind of the tasks that it makes')
  const body = { name, ...fields, ...(disabled === true && { enabled: false }) }
  const schedule = await service.request<Schedule>('POST', 'api/schedules', { body })
  show(schedule, { json, text: () => describeSchedule(schedule) })
}

/** A new timing takes the place of the old one. */
export async function editSchedule(service: Service, name: string, { json, unset = [], ...fields }: Settings) {
  if (timings.filter(timing => fields[timing] !== undefined).length > 1) {
    throw new WrongUse('Only one of --cron, --every and --at says when a schedule is due')
  }
  const nulls = (unset as string[]).map(option => [option.replace(/^--/, '').replaceAll('-', '_'), null])
  const body = { ...fields, ...Object.fromEntries(nulls) }
  if (Object.keys(body).length === 0) throw new WrongUse('Nothing to change: give at least one option')
  const schedule = await service.request<Schedule>('PATCH', pathOf(name), { body })
  show(schedule, { json, text: () => describeSchedule(schedule) })
}
