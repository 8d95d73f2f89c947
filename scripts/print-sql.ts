import { glob, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * Writes every named statement of src/ as it is sent, so that a review sees the SQL that has changed and not only the
 * list or template that it comes from. A statement is an exported constant whose name ends with `Sql`.
 *
 *   node scripts/print-sql.ts
 */
const root = path.resolve(import.meta.dirname, '..')
export const printed = path.join(root, 'test/statements.sql')

export async function statements(): Promise<string> {
  const sections = (await allStatements()).map(({ file, name, text }) => `-- ${file}: ${name}\n${text.trim()};\n`)
  return `-- The statements of src/, by file. Written by: node scripts/print-sql.ts\n\n${sections.join('\n')}`
}

export async function allStatements() {
  const found: { file: string; name: string; text: string }[] = []
  for (const file of (await Array.fromAsync(glob('src/**/*.ts', { cwd: root }))).sort()) {
    const source = await readFile(path.join(root, file), 'utf8')
    const names = [...source.matchAll(/^export const (\w+Sql)\b/gm)].map(([, name]) => name!)
    if (names.length === 0) continue
    const module = await import(path.join(root, file))
    for (const name of names) found.push({ file, name, text: String(module[name]) })
  }
  return found
}

if (import.meta.main) await writeFile(printed, await statements())
