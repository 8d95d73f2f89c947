import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')

async function textOf(pattern: string) {
  const files = await Array.fromAsync(glob(pattern, { cwd: root, exclude: ['test/doctor/codes.test.ts'] }))
  return (await Promise.all(files.map(file => readFile(path.join(root, file), 'utf8')))).join('\n')
}

/** Codes of the rows of a section's table. */
async function codesOf(section: string) {
  const [, text] = (await readFile(path.join(root, 'README.md'), 'utf8')).split(`### ${section}\n`)
  return [...text!.split('\n### ')[0]!.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)]
    .flatMap(([, codes]) => codes!.match(/\w+/g)!)
    .sort()
}

t.test('each finding of the doctor has a row in the README', async t => {
  const source = await textOf('src/doctor/{findings,checks/*}.ts')
  const written = [...source.matchAll(/ code: (.+)$/gm)].flatMap(([, code]) => code!.match(/(?<=')\w+_\w+(?=')/g) ?? [])
  t.ok(written.length >= 19)
  // The only ones that are put together.
  t.match(source, /`\$\{name\}_off`/)
  const ofSettings = ['fsync_off', 'full_page_writes_off', 'synchronous_commit_off']
  t.strictSame(await codesOf('What the doctor finds'), [...new Set([...written, ...ofSettings])].sort())
})

t.test('each problem has a row in the README, and a test that provokes it', async t => {
  const source = await textOf('src/doctor/problems/*.ts')
  const codes = [...new Set([...source.matchAll(/code: '(\w+)'/g)].map(([, code]) => code!))].sort()
  t.ok(codes.length >= 18)
  t.strictSame(await codesOf('Problems and alerts'), codes)
  const tests = await textOf('test/{doctor,keys,runner}/**/*.test.ts')
  for (const code of codes) t.ok(tests.includes(`'${code}'`), code)
})
