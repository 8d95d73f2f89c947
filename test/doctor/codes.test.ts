import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')

async function textOf(pattern: string) {
  const files = await Array.fromAsync(glob(pattern, { cwd: root, exclude: ['test/doctor/codes.test.ts'] }))
  return (await Promise.all(files.map(file => readFile(path.join(root, file), 'utf8')))).join('\n')
}

t.test('each problem has a row in the README, and a test that provokes it', async t => {
  const source = await textOf('src/doctor/problems/*.ts')
  const codes = [...new Set([...source.matchAll(/code: '(\w+)'/g)].map(([, code]) => code!))].sort()
  t.ok(codes.length >= 18)
  const [, section] = (await readFile(path.join(root, 'README.md'), 'utf8')).split('### Problems and alerts\n')
  const rows = [...section!.split('\n### ')[0]!.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code!)
  t.strictSame(rows.sort(), codes)
  const tests = await textOf('test/{doctor,keys,runner}/**/*.test.ts')
  for (const code of codes) t.ok(tests.includes(`'${code}'`), code)
})
