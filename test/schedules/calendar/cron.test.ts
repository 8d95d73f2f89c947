import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { InvalidCron, parseCron } from '../../../src/schedules/calendar/cron.ts'
import { localTimes } from '../../../src/schedules/calendar/local-time.ts'

t.test('a cron text is spelled out', async t => {
  const spelled: Record<string, string> = {
    '0 2 * * *': '0 2 * * *',
    ' 05\t2  * * * ': '5 2 * * *',
    '5/15 * * * *': '5,20,35,50 * * * *',
    '*/30 2 * * *': '0,30 2 * * *',
    '10-20/5,7,7 * * * *': '7,10,15,20 * * * *',
    '0 22-2 * * *': '0 0,1,2,22,23 * * *',
    '0 22-2/2 * * *': '0 0,2,22 * * *',
    '0 0 * dec-feb *': '0 0 * 1,2,12 *',
    '0 0 * January,MAY *': '0 0 * 1,5 *',
    '0 0 30-2 * *': '0 0 1,2,30,31 * *',
    '0 0 * * fri-mon': '0 0 * * 0,1,5,6',
    '0 0 * * 5-1': '0 0 * * 0,1,5,6',
    '0 0 * * Monday-Friday': '0 0 * * 1,2,3,4,5',
    '0 0 * * 7': '0 0 * * 0',
    '0 0 * * 5-7': '0 0 * * 0,5,6',
    '0 0 * * 7-2': '0 0 * * 0,1,2',
    '0 0 * * 7-7': '0 0 * * 0',
    '0 0 * * */2': '0 0 * * 0,2,4,6',
    '? ? ? ? ?': '* * * * *',
    '0 0 L * *': '0 0 L * *',
    '0 0 l,15w * *': '0 0 L,15W * *',
    '0 0 LW * *': '0 0 LW * *',
    '0 0 * * 5L': '0 0 * * 5#L',
    '0 0 * * fri#L': '0 0 * * 5#L',
    '0 0 * * FridayL': '0 0 * * 5#L',
    '0 0 * * 1#1,3#2': '0 0 * * 1#1,3#2',
    '0 0 * * 7#2': '0 0 * * 0#2',
    '0 0 13 * +fri': '0 0 13 * +5',
    '0 0 2 * * *': '0 2 * * *',
    '*/20 0 2 * * *': '0,20,40 0 2 * * *',
    '@yearly': '0 0 1 1 *',
    '@annually': '0 0 1 1 *',
    '@monthly': '0 0 1 * *',
    '@weekly': '0 0 * * 0',
    '@Daily': '0 0 * * *',
    '@midnight': '0 0 * * *',
    '@hourly': '0 * * * *'
  }
  for (const [text, pattern] of Object.entries(spelled)) t.equal(parseCron(text).pattern, pattern, text)
})

t.test('a complete list of days is no restriction, so that the other one does not become "or"', async t => {
  for (const [text, pattern] of Object.entries({
    '0 0 1-31 * 1': '0 0 * * 1',
    '0 0 */1 * 1': '0 0 * * 1',
    '0 0 13 * 0-6': '0 0 13 * *',
    '0 0 13 * 0-7': '0 0 13 * *',
    '0 0 13 * sun-sat': '0 0 13 * *',
    '0 0 * * +5': '0 0 * * 5',
    '0 0 13 * +*': '0 0 13 * *',
    '0 0 * * 0-6,5#3': '0 0 * * *'
  })) {
    t.equal(parseCron(text).pattern, pattern, text)
  }
})

t.test('it runs in every hour if the hour field has all 24', async t => {
  for (const hour of ['*', '0-23', '*/1', '5-4', '0-11,12-23']) t.ok(parseCron(`30 ${hour} * * *`).everyHour, hour)
  for (const hour of ['0', '*/2', '1-23', '4-2']) t.notOk(parseCron(`30 ${hour} * * *`).everyHour, hour)
})

t.test('a refusal names field, value and reason', async t => {
  const refusals: Record<string, string> = {
    '61 * * * *': 'minute: 61 is not from 0 to 59',
    '60 * * * * *': 'second: 60 is not from 0 to 59',
    '0 24 * * *': 'hour: 24 is not from 0 to 23',
    '0 0 0 * *': 'day of month: 0 is not from 1 to 31',
    '0 0 32 * *': 'day of month: 32 is not from 1 to 31',
    '0 0 * 13 *': 'month: 13 is not from 1 to 12',
    '0 0 * * 8': 'weekday: 8 is not from 0 to 7',
    '0 0 * * 1-9': 'weekday: 9 is not from 0 to 7',
    '*/61 * * * *': 'minute: the step 61 is larger than the field, which has 60',
    '0 0-5/25 * * *': 'hour: the step 25 is larger than the field, which has 24',
    '*/0 * * * *': 'minute: a step of 0 leads nowhere',
    '1,,2 * * * *': 'minute: a value is missing',
    '0 0 * * +': 'weekday: a value is missing',
    '0 0 * jan jan': 'weekday: "jan" is not understood; values are 0 to 7 or sun to sat, with * , - and /',
    '0 0 * fri *': 'month: "fri" is not understood; values are 1 to 12 or jan to dec, with * , - and /',
    '0 0 * * tues': 'weekday: "tues" is not understood; values are 0 to 7 or sun to sat, with * , - and /',
    '0 constructor * * *': 'hour: "constructor" is not understood; values are 0 to 23, with * , - and /',
    '-1 * * * *': 'minute: "-1" is not understood; values are 0 to 59, with * , - and /',
    '1.5 * * * *': 'minute: "1.5" is not understood; values are 0 to 59, with * , - and /',
    '*-5 * * * *': 'minute: "*-5" is not understood; values are 0 to 59, with * , - and /',
    '1-5-7 * * * *': 'minute: "1-5-7" is not understood; values are 0 to 59, with * , - and /',
    '5/ * * * *': 'minute: "5/" is not understood; values are 0 to 59, with * , - and /',
    '+5 * * * *': 'minute: "+5" is not understood; values are 0 to 59, with * , - and /',
    'H * * * *': 'minute: H is not supported; jitter spreads schedules that name the same time',
    '0 0 LW,3 * *': 'day of month: LW must stand alone',
    '0 0 L-2 * *': 'day of month: L-2 is not supported; L is the last day, LW the last Monday to Friday',
    '0 0 40W * *': 'day of month: 40 is not from 1 to 31',
    '0 0 * * L': 'weekday: L stands in the day of month, or after a weekday, such as 5L',
    '0 0 * * MON#6': 'weekday: after # comes 1 to 5 or L, not "6"',
    '0 0 * * 5#': 'weekday: after # comes 1 to 5 or L, not ""',
    '* * * *': 'has 4 fields; it must have 5, or 6 with seconds first',
    '* * * * * * *': 'has 7 fields; it must have 5, or 6 with seconds first',
    garbage: 'has 1 field; it must have 5, or 6 with seconds first',
    '': 'is empty; it must have 5 fields, or 6 with seconds',
    '  ': 'is empty; it must have 5 fields, or 6 with seconds',
    '0 0 * * *\n': 'has a character that is neither printable ASCII nor a blank',
    '0 0 * * \0': 'has a character that is neither printable ASCII nor a blank',
    '0 0 ٣ * *': 'has a character that is neither printable ASCII nor a blank',
    '@reboot': '"@reboot" is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly',
    '0 0 30 2 *': '"0 0 30 2 *" never comes: no year has such a day',
    '0 0 31 apr,jun *': '"0 0 31 apr,jun *" never comes: no year has such a day',
    '0 0 30W 2 *': '"0 0 30W 2 *" never comes: no year has such a day',
    '0 0 8 * +1#1': '"0 0 8 * +1#1" never comes: no year has such a day',
    '0 0 LW * +1#1': '"0 0 LW * +1#1" never comes: no year has such a day'
  }
  for (const [text, message] of Object.entries(refusals)) {
    t.throws(() => parseCron(text), { name: 'InvalidCron', message }, JSON.stringify(text))
  }
  t.match(refusalOf('0 25 * * *'), { field: 'hour', value: '25' })
  t.match(refusalOf('nonsense'), { field: null, value: 'nonsense' })
})

t.test('a list is bounded before it is built', async t => {
  const many = (count: number) => Array(count).fill(1).join(',')
  t.throws(() => parseCron(`${many(61)} * * * *`), {
    message: 'minute: a list of 61 values is longer than the field, which has 60'
  })
  t.throws(() => parseCron(`0 0 * * ${many(9)}`), InvalidCron)
  t.throws(() => parseCron(`0 0 * * *${' '.repeat(248)}`), {
    message: 'has 257 characters; at most 256 are allowed'
  })
  t.equal(parseCron(`${many(60)} * * * *`).pattern, '1 * * * *')
  t.throws(() => parseCron('0 0 1--100000000 * *'), InvalidCron)
  t.throws(() => parseCron('0 0 1-100000000 * *'), { message: 'day of month: 100000000 is not from 1 to 31' })
  t.throws(() => parseCron(`0 0 ${'9'.repeat(200)} * *`), {
    message: `day of month: ${'9'.repeat(40)}… is not from 1 to 31`
  })
})

t.test('a refusal is quick, whatever the text', async t => {
  const texts = ['0 0 LW * +1#1', '0 0 30 2 *', `${'*/59,'.repeat(50)}* * * * *`, `${'1-'.repeat(120)} * * * *`]
  for (const text of texts) {
    const began = performance.now()
    t.throws(() => parseCron(text), InvalidCron)
    // 16 ms for the first one when warm.
    t.ok(performance.now() - began < 500, text)
    await setTimeout()
  }
})

t.test('29 February, L, W and # come on these days', async t => {
  const days: Record<string, string> = {
    '0 0 29 2 *': '2028-02-29 2032-02-29 2036-02-29',
    '0 0 L * *': '2027-01-31 2027-02-28 2027-03-31',
    '0 0 LW * *': '2027-01-29 2027-02-26 2027-03-31',
    '0 0 15W * *': '2027-02-15 2027-03-15 2027-04-15',
    '0 0 1W * *': '2027-02-01 2027-03-01 2027-04-01',
    '0 0 29W 2 *': '2028-02-29 2032-02-27 2036-02-29',
    '0 0 * * 5#3': '2027-02-19 2027-03-19 2027-04-16',
    '0 0 * * 5L': '2027-01-29 2027-02-26 2027-03-26',
    '0 0 * * FRI#L': '2027-01-29 2027-02-26 2027-03-26',
    '0 0 * * 1#1,3#2': '2027-02-01 2027-02-10 2027-03-01',
    '0 0 13 * +5': '2027-08-13 2028-10-13 2029-04-13',
    '0 0 */2 * 1': '2027-01-17 2027-01-18 2027-01-19',
    '0 0 29 2 +1': '2044-02-29 2072-02-29 2112-02-29'
  }
  for (const [text, expected] of Object.entries(days)) {
    t.equal(
      following(text, new Date('2027-01-15T00:00:00Z'), 3).join(' ').replaceAll('T00:00:00.000Z', ''),
      expected,
      text
    )
  }
})

t.test('pg-boss reads a watchdog with the same meaning, and a plain text as it is', async t => {
  const { CronExpressionParser } = createRequire(import.meta.resolve('pg-boss'))('cron-parser')
  const read = (text: string, from: Date) => {
    const cron = CronExpressionParser.parse(text, { currentDate: from, tz: 'UTC' })
    return Array.from({ length: 20 }, () => cron.next().toDate().toISOString())
  }
  const plain = `0 2 * * *; */15 * * * *; 5/15 * * * *; 0 0-23/2 * * *; 0 0 */2 * 1; 0 0 1,15 * mon; 0 0 * jan-mar sun
    0 0 * * 7; 0 0 * * 5-7; 0 0 29 2 *; * 2 * * *; 10-50/20,5 3,4 * * *; 0 0 * * MON,wed; 0 0 31 * *; 0 0 1/7 * *`
  const spelled = `0 22-2 * * *; 0 0 * * fri-mon; @daily; @midnight; @hourly; @weekly; @yearly; ? ? ? ? ?; 0,0 0 * * *
    0 0 1-31 * 1; 0 0 13 * 0-6; 0 0 * * 5/2; 0 0 * * Sunday; 0 0 * dec-feb 5-1; 0 0 L * *; 0 0 * * 5L; 0 0 * * fri#L
    0 0 * * 5#3; 0 0 2 * * *; 0 0 * * 0,7; 0 0 * * +5; 0 0 * * 0-7/2; 0 0 * * 7-7; 0 0 L 2 *`
  for (const [texts, asItIs] of [
    [plain, true],
    [spelled, false]
  ] as const) {
    for (const text of texts.split(/;|\n/).map(text => text.trim())) {
      const from = new Date('2027-01-15T00:00:00Z')
      const rule = parseCron(text)
      if (asItIs) t.equal(rule.plain && rule.watchdog, text, `${text} is plain`)
      t.strictSame(read(rule.watchdog!, from), following(text, from, 20), `${text} as ${rule.watchdog}`)
    }
  }
  for (const text of ['0 0 15W * *', '0 0 LW * *', '0 0 13 * +5', '30 0 2 * * *', '0 0 * * 1#1,3#2', '0 0 L,3 * *']) {
    t.match(parseCron(text), { plain: false, watchdog: null }, text)
  }
})

function following(text: string, from: Date, count: number) {
  const { next } = localTimes(parseCron(text), 'UTC')
  const times: string[] = []
  let at: Date = from
  while (times.length < count) {
    at = next(at)!
    times.push(at.toISOString())
  }
  return times
}

function refusalOf(text: string) {
  try {
    return parseCron(text)
  } catch (error) {
    return error
  }
}
