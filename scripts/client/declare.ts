import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TSchema } from 'typebox'
import { TaskFilters } from '../../src/tasks/listing/schemas.ts'
import { StatusAnswer, TaskBody } from '../../src/tasks/schemas.ts'
import { Submission } from '../../src/tasks/submit/schemas.ts'
import { WhyBody } from '../../src/tasks/why/routes.ts'
import { Uploaded, VideoBody } from '../../src/videos/schemas.ts'
import { tsc } from './tsc.ts'
import { typeOf } from './type-of.ts'

// The types of src/client/bodies.ts, written out: a program that uses the client has no typebox.
const bodies: Record<string, TSchema> = {
  Submission,
  TaskBody,
  TaskFilters,
  TaskMessage: StatusAnswer,
  Uploaded,
  VideoBody,
  WhyBody
}
const modules = ['errors', 'request', 'upload-options', 'upload', 'client']

/** The client's types as one file that imports nothing. */
export async function declare(root: string) {
  const types = Object.entries(bodies).map(([name, schema]) => `export interface ${name} ${typeOf(schema)}\n`)
  const emitted = await emit(root)
  const exported = [...emitted.client!.matchAll(/^export (?:type )?\{ (.*) \}/gm)].flatMap(([, names]) =>
    names!.split(', ')
  )
  const own = [...emitted.client!.matchAll(/^export (?:declare )?(?:type|interface|function) (\w+)/gm)].map(
    ([, name]) => name!
  )
  const declarations = modules.map(name =>
    emitted[name]!.replaceAll(/^(?:import|export(?: type)?) \{.*$\n/gm, '')
      .replaceAll(/^import type .*$\n/gm, '')
      .replaceAll(/^export (?=declare|type|interface)/gm, '')
      .replaceAll(/^(?=function|class)/gm, 'declare ')
  )
  return [
    ...types.map(type => type.replace('export ', '')),
    ...declarations,
    `export { ${[...new Set([...exported, ...own])].toSorted().join(', ')} }\n`
  ].join('\n')
}

/** The declarations that tsc emits for each module. */
async function emit(root: string): Promise<Record<string, string>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-client-'))
  try {
    const compilerOptions = {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      outDir: path.join(folder, 'out'),
      rootDir: path.join(root, 'src'),
      typeRoots: [path.join(root, 'node_modules/@types')]
    }
    const config = {
      extends: path.join(root, 'tsconfig.json'),
      compilerOptions,
      include: [],
      files: [path.join(root, 'src/client/client.ts')]
    }
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
    await tsc(['-p', folder], root)
    const read = async (name: string) => [name, await readFile(path.join(folder, `out/client/${name}.d.ts`), 'utf8')]
    return Object.fromEntries(await Promise.all(modules.map(read)))
  } finally {
    await rm(folder, { recursive: true })
  }
}
