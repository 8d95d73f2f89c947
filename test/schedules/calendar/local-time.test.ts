import t from 'tap'
import { parseCron } from '../../../src/schedules/calendar/cron.ts'
import { localTimes } from '../../../src/schedules/calendar/local-time.ts'
import { localText, UnknownZone, zoneOf } from '../../../src/schedules/calendar/zone.ts'

type Row = [zone: string, cron: string, from: string, expected: string]

t.test('clock changes at which pg-boss sends nothing, sends twice or throws', async t => {
  const table: Record<string, Row[]> = {
    'a time in a gap runs right after it': [
      ['Europe/Berlin', '30 2 * * *', '2027-03-28T00:00Z', '2027-03-28T03:00:00+02:00 gap, 2027-03-29T02:30:00+02:00'],
      ['Europe/Berlin', '0 2 * * 0', '2027-03-28T00:00Z', '2027-03-28T03:00:00+02:00 gap, 2027-04-04T02:00:00+02:00'],
      ['Europe/Berlin', '30 2 * * *', '2026-03-29T00:00Z', '2026-03-29T03:00:00+02:00 gap'],
      ['America/New_York', '30 2 * * *', '2027-03-14T05:00Z', '2027-03-14T03:00:00-04:00 gap'],
      ['Australia/Lord_Howe', '15 2 * * *', '2027-10-02T12:00Z', '2027-10-03T02:30:00+11:00 gap'],
      [
        'America/Santiago',
        '0 0 * * *',
        '2027-09-05T00:00Z',
        '2027-09-05T01:00:00-03:00 gap, 2027-09-06T00:00:00-03:00'
      ],
      ['Africa/Casablanca', '30 2 * * *', '2026-03-22T00:00Z', '2026-03-22T03:00:00+01:00 gap']
    ],
    'a time that comes twice runs at the first': [
      [
        ...['Europe/Berlin', '30 2 * * *', '2027-10-30T22:00Z'],
        '2027-10-31T02:30:00+02:00 repeat, 2027-11-01T02:30:00+01:00'
      ] as Row,
      [
        'America/New_York',
        '30 1 * * *',
        '2027-11-07T04:00Z',
        '2027-11-07T01:30:00-04:00 repeat, 2027-11-08T01:30:00-05:00'
      ],
      [
        'Africa/Casablanca',
        '30 2 * * *',
        '2026-02-15T00:00Z',
        '2026-02-15T02:30:00+01:00 repeat, 2026-02-16T02:30:00+00:00'
      ],
      [
        'Australia/Lord_Howe',
        '30 1 * * *',
        '2027-04-03T12:00Z',
        '2027-04-04T01:30:00+11:00 repeat, 2027-04-05T01:30:00+10:30'
      ],
      // The clocks go back to 01:30 at 02:00: 02:15 comes once.
      ['Australia/Lord_Howe', '15 2 * * *', '2027-04-03T12:00Z', '2027-04-04T02:15:00+10:30, 2027-04-05T02:15:00+10:30']
    ],
    'a schedule of every hour goes by elapsed time': [
      [
        ...['Europe/Berlin', '30 * * * *', '2027-10-30T23:00Z'],
        '2027-10-31T01:30:00+02:00, 2027-10-31T02:30:00+02:00, 2027-10-31T02:30:00+01:00, 2027-10-31T03:30:00+01:00'
      ] as Row,
      ['Europe/Berlin', '0 * * * *', '2027-03-28T00:00Z', '2027-03-28T03:00:00+02:00, 2027-03-28T04:00:00+02:00'],
      ['Europe/Berlin', '30 0-23 * * *', '2027-10-31T00:00Z', '2027-10-31T02:30:00+02:00, 2027-10-31T02:30:00+01:00'],
      [
        ...['America/New_York', '*/30 * * * *', '2027-11-07T05:00Z'],
        '2027-11-07T01:30:00-04:00, 2027-11-07T01:00:00-05:00, 2027-11-07T01:30:00-05:00, 2027-11-07T02:00:00-05:00'
      ] as Row,
      [
        ...['Australia/Lord_Howe', '*/15 * * * *', '2027-04-03T14:40Z'],
        '2027-04-04T01:45:00+11:00, 2027-04-04T01:30:00+10:30, 2027-04-04T01:45:00+10:30, 2027-04-04T02:00:00+10:30'
      ] as Row
    ]
  }
  for (const [name, rows] of Object.entries(table)) {
    await t.test(name, async t => {
      for (const row of rows) t.equal(told(row), row[3], `${row[1]} in ${row[0]}`)
    })
  }
})

t.test('several times that fall into a gap run once', async t => {
  const rows: Row[] = [
    ['Europe/Berlin', '*/15 2 * * *', '2027-03-28T00:00Z', '2027-03-28T03:00:00+02:00 gap, 2027-03-29T02:00:00+02:00'],
    ['Europe/Berlin', '0 2,3 * * *', '2027-03-28T00:00Z', '2027-03-28T03:00:00+02:00 gap, 2027-03-29T02:00:00+02:00'],
    ['Europe/Berlin', '* * 2 * * *', '2027-03-28T00:00Z', '2027-03-28T03:00:00+02:00 gap, 2027-03-29T02:00:00+02:00'],
    ['Europe/Berlin', '0 3 * * *', '2027-03-28T00:00Z', '2027-03-28T03:00:00+02:00']
  ]
  for (const row of rows) t.equal(told(row), row[3], `${row[1]} in ${row[0]}`)
})

t.test('each of several repeated times runs once', async t => {
  const row: Row = [
    ...['Europe/Berlin', '59,0 2,3 * * *', '2027-10-30T23:00Z'],
    '2027-10-31T02:00:00+02:00 repeat, 2027-10-31T02:59:00+02:00 repeat, 2027-10-31T03:00:00+01:00'
  ] as Row
  t.equal(told(row), row[3])
  // Also for a worker that asks in the middle of the second hour.
  t.equal(told(['Europe/Berlin', '* * 2 * * *', '2027-10-31T01:15:00Z', '']), '2027-11-01T02:00:00+01:00')
})

t.test('a gap or a repeat may be at midnight', async t => {
  const rows: Row[] = [
    // 23:00 to 00:00: the day after, where croner 11.0.1 drops it.
    ['America/Nuuk', '30 23 * * 6', '2027-03-27T12:00Z', '2027-03-28T00:00:00-01:00 gap, 2027-04-03T23:30:00-01:00'],
    ['Asia/Beirut', '0 0 * * *', '2027-03-27T12:00Z', '2027-03-28T01:00:00+03:00 gap, 2027-03-29T00:00:00+03:00'],
    ['Asia/Beirut', '30 23 * * *', '2027-10-30T12:00Z', '2027-10-30T23:30:00+03:00 repeat, 2027-10-31T23:30:00+02:00'],
    ['Asia/Beirut', '0 0 * * *', '2027-10-30T12:00Z', '2027-10-31T00:00:00+02:00, 2027-11-01T00:00:00+02:00'],
    // The whole 30th was left out.
    ['Pacific/Apia', '0 12 30 12 *', '2011-12-01T00:00Z', '2011-12-31T00:00:00+14:00 gap, 2012-12-30T12:00:00+14:00']
  ]
  for (const row of rows) t.equal(told(row), row[3], `${row[1]} in ${row[0]}`)
})

t.test('the next occurrence is strictly after, to the millisecond', async t => {
  const { next } = localTimes(parseCron('0 3 * * *'), 'Europe/Berlin')
  for (const [after, expected] of [
    ['2027-01-10T01:59:59.999Z', '2027-01-10T02:00:00.000Z'],
    ['2027-01-10T02:00:00.000Z', '2027-01-11T02:00:00.000Z'],
    ['2027-01-10T02:00:00.001Z', '2027-01-11T02:00:00.000Z']
  ] as const) {
    t.equal(next(new Date(after))?.toISOString(), expected, after)
  }
})

t.test('a schedule of every hour on rare days crosses the clock changes in between', async t => {
  const row: Row = [
    'Europe/Berlin',
    '0 * 29 2 *',
    '2027-01-01T00:00Z',
    '2028-02-29T00:00:00+01:00, 2028-02-29T01:00:00+01:00'
  ]
  t.equal(told(row), row[3])
  const repeated = 'Europe/Berlin 30 * 31 10 * after the last but one'
  t.equal(
    told(['Europe/Berlin', '30 2-1 31 10 *', '2027-10-31T22:00Z', '']),
    '2027-10-31T23:30:00+01:00',
    `${repeated}: the same day`
  )
  t.equal(told(['Europe/Berlin', '30 2-1 31 10 *', '2027-10-31T22:30Z', '']), '2028-10-31T00:30:00+01:00', repeated)
})

t.test('a zone is checked and keeps its name', async t => {
  t.equal(zoneOf('Europe/Berlin'), 'Europe/Berlin')
  t.equal(zoneOf('europe/berlin'), 'Europe/Berlin')
  t.equal(zoneOf('utc'), 'UTC')
  t.equal(zoneOf('Asia/Kolkata'), 'Asia/Kolkata', 'not Asia/Calcutta')
  t.equal(zoneOf('US/Pacific'), 'US/Pacific')
  const wrong = ['', ' ', 'Mars/Base', 'local', '+02:00', 'Europe/Berlin\0', ' Europe/Berlin', `A${'a'.repeat(64)}`]
  for (const zone of wrong) t.throws(() => zoneOf(zone), UnknownZone, JSON.stringify(zone))
  t.throws(() => zoneOf('Mars/Base'), {
    message: '"Mars/Base" is not a time zone; use a name such as Europe/Berlin or UTC'
  })
})

t.test('a local time has the offset of its zone', async t => {
  for (const [at, zone, text] of [
    ['2026-03-29T01:00:00Z', 'Europe/Berlin', '2026-03-29T03:00:00+02:00'],
    ['2026-01-01T00:00:00.250Z', 'America/St_Johns', '2025-12-31T20:30:00.250-03:30'],
    ['2026-01-01T00:00:00Z', 'UTC', '2026-01-01T00:00:00+00:00'],
    ['2026-01-01T00:00:00Z', 'Pacific/Chatham', '2026-01-01T13:45:00+13:45']
  ] as const) {
    t.equal(localText(new Date(at), zone), text)
    t.equal(Date.parse(text), Date.parse(at))
  }
})

/** As many occurrences as the row expects, in words. */
function told([zone, cron, from, expected]: Row) {
  const { next, note } = localTimes(parseCron(cron), zone)
  const words: string[] = []
  let at = new Date(from)
  for (const _ of expected.split(', ')) {
    at = next(at)!
    words.push([localText(at, zone), note(at)?.replace('dst_', '')].filter(Boolean).join(' '))
  }
  return words.join(', ')
}
