import t from 'tap'
import { begin, type Standing, seen, unseen } from '../../../src/doctor/alerts/step.ts'
import { quiet } from '../../../src/doctor/alerts/times.ts'
import type { Problem } from '../../../src/doctor/problem.ts'

const start = Date.parse('2026-03-01T00:00:00Z')
const at = (seconds: number) => new Date(start + seconds * 1000)
const problem = (severity: Problem['severity']): Problem => ({
  code: 'disk_low',
  sentence: 'It is low',
  since: null,
  severity,
  subject: { type: 'disk', id: '/data' },
  actions: []
})

/** Looks each ten seconds: what is there says a letter for each look. Returns what is told, by its second. */
function play(looks: string, { withheld = () => false }: { withheld?: (second: number) => boolean } = {}) {
  const severities = { c: 'critical', w: 'warning', n: 'notice' } as const
  const told: string[] = []
  let row: Standing | undefined
  let flaps = 0
  for (const [index, letter] of [...looks].entries()) {
    const now = at(index * 10)
    const found = letter === '.' ? undefined : problem(severities[letter as 'c'])
    const step = found
      ? seen(row ?? begin(found, 'id', flaps, now), found, now, withheld(index * 10))
      : row && unseen(row, now)
    row = step?.row
    if (step?.tell) told.push(`${index * 10} ${step.tell.split('.')[1]} ${step.row.severity}`)
    if (row?.closed_at) {
      flaps = row.flaps + 1
      row = undefined
    }
  }
  return { told, row }
}

t.test('it opens when it has stood without a gap, the sooner the worse it is', async t => {
  t.strictSame(play('cccc').told, ['30 opened critical'])
  t.strictSame(play('w'.repeat(13)).told, ['120 opened warning'])
  t.strictSame(play('n'.repeat(61)).told, ['600 opened notice'])
  t.strictSame(play('ccc.ccc.ccc.ccc').told, [], 'a gap begins anew')
})

t.test('it closes when it has been gone for five minutes, twice as long after each return', async t => {
  t.strictSame(play(`cccc${'.'.repeat(31)}`).told, ['30 opened critical', '340 closed critical'])
  const flapping = `cccc${'.'.repeat(20)}c${'.'.repeat(20)}c${'.'.repeat(130)}`
  t.strictSame(play(flapping).told, ['30 opened critical', '1660 closed critical'], 'it is told of once')
  t.strictSame([0, 1, 2, 3, 4, 99].map(quiet), [300, 600, 1200, 2400, 3600, 3600])

  const again = play(`cccc${'.'.repeat(31)}cccc${'.'.repeat(40)}`)
  t.strictSame(again.told.length, 3, 'after it has closed it is news, and closes later')
  t.equal(again.row?.flaps, 1)
})

t.test('what becomes worse is told again, what becomes better is not', async t => {
  t.strictSame(play(`${'w'.repeat(13)}${'c'.repeat(4)}${'w'.repeat(9)}${'c'.repeat(9)}`).told, [
    '120 opened warning',
    '160 opened critical'
  ])
  t.strictSame(play(`${'w'.repeat(13)}cwcwcwcw`).told, ['120 opened warning'], 'not for a moment')
})

t.test('what is withheld opens and is told of later, if it still stands', async t => {
  const until = (end: number) => ({ withheld: (second: number) => second < end })
  t.strictSame(play('c'.repeat(12), until(100)).told, ['100 opened critical'])
  const silent = play(`cccccc${'.'.repeat(32)}`, until(1e9))
  t.strictSame(silent.told, [], 'one that was never told of is not told of as closed')
  t.equal(silent.row, undefined)
})

t.test('looks that are far apart leave a gap for what has not opened, not for what has', async t => {
  const fresh = seen(begin(problem('critical'), 'id', 0, at(0)), problem('critical'), at(600), false)
  t.equal(fresh.row.opened_at, null)
  const open = play('cccc').row!
  const later = seen(open, problem('critical'), at(4000), false)
  t.equal(later.tell, undefined)
  t.strictSame(later.row.opened_at, at(30))
})
