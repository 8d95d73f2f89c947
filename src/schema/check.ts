import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Settings } from 'typebox/system'
import { InvalidRequest } from '#errors.ts'

/** What is wrong with one field; `field` is a path such as `args.x` or `tasks[3].queue`, empty for the whole. */
export interface FieldProblem {
  field: string
  message: string
}

export type Check = (value: unknown) => FieldProblem[]

const compiled = new WeakMap<TSchema, Check>()

// Bounds the answer to a bulk body with ten thousand mistakes.
const mostProblems = 20
// Unknown fields are reported twice, and one wrong value may break several rules; typebox would stop at eight.
Settings.Set({ maxErrors: 10 * mostProblems })

/** Compiles a schema once. The check returns what is wrong with a value; an empty list when it fits. */
export function checkOf(schema: TSchema): Check {
  let check = compiled.get(schema)
  if (!check) {
    const validator = Compile(schema)
    check = value => (validator.Check(value) ? [] : problems(validator.Errors(value)))
    compiled.set(schema, check)
  }
  return check
}

export function refuse(problems: FieldProblem[], prefix = '') {
  const errors = problems.map(({ field, message }) => ({ field: join(prefix, field), message }))
  const sentence = errors.map(({ field, message }) => `${field || 'the body'} ${message}`).join('; ')
  return Object.assign(new InvalidRequest(sentence.length > 1000 ? `${sentence.slice(0, 1000)}…` : sentence), {
    errors
  })
}

interface SchemaError {
  keyword: string
  schemaPath: string
  instancePath: string
  message: string
  params: any
}

// Better messages than typebox's own for these keywords.
const wordsFor: Record<string, (params: any) => string | undefined> = {
  enum: ({ allowedValues }) => `must be one of ${allowedValues.join(', ')}`,
  format: ({ format }) => formats[format]
}
const formats: Record<string, string> = {
  'date-time': 'must be a time with its offset, such as 2030-01-31T09:00:00Z',
  uuid: 'must be a uuid'
}

function problems(errors: SchemaError[]): FieldProblem[] {
  const seen = new Map<string, FieldProblem>()
  const add = (field: string, message: string) => {
    if (!seen.has(field) && seen.size < mostProblems) seen.set(field, { field, message })
  }
  for (const { keyword, schemaPath, instancePath, message, params } of errors) {
    const field = path(instancePath)
    if (keyword === 'required') {
      for (const name of params.requiredProperties) add(join(field, name), 'is required')
    } else if (keyword === 'boolean' && schemaPath.endsWith('/additionalProperties')) {
      add(field, 'is not a known field')
    } else if (keyword === 'additionalProperties') {
      // Repeats the unknown fields, which typebox has already reported one by one.
    } else {
      const words = wordsFor[keyword]?.(params) ?? message
      const other = schemaPath.includes('/anyOf/') ? seen.get(field) : undefined
      // Alternatives of an anyOf become one message: "must be … or …".
      if (other && keyword !== 'anyOf') other.message += ` or ${words.replace(/^must be /, '')}`
      else add(field, words)
    }
  }
  return seen.size > 0 ? [...seen.values()] : [{ field: '', message: 'does not fit' }]
}

function path(pointer: string) {
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((whole, part) => (/^\d+$/.test(part) ? `${whole}[${part}]` : join(whole, part)), '')
}

/** The path of a field inside another. */
export function join(prefix: string, field: string) {
  if (prefix === '' || field === '') return prefix + field
  return field.startsWith('[') ? prefix + field : `${prefix}.${field}`
}
