/** A field of a form, as far as a JSON Schema says it simply. */
export interface FormField {
  name: string
  kind: 'text' | 'number' | 'flag' | 'choice'
  required: boolean
  hint: string | undefined
  choices: string[]
  initial: unknown
}

interface Schema {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  enum?: unknown[]
  description?: string
  default?: unknown
  minimum?: number
  maximum?: number
}

/** The fields of an object's schema, or undefined where it is too deep for a form. */
export function fieldsOf(schema: unknown): FormField[] | undefined {
  const { type, properties, required = [] } = schema as Schema
  if (type !== 'object' || !properties) return undefined
  const fields = Object.entries(properties).map(([name, field]) => fieldOf(name, field, required.includes(name)))
  return fields.every(field => field !== undefined) ? fields : undefined
}

function fieldOf(name: string, schema: Schema, required: boolean): FormField | undefined {
  const kind = kindOf(schema)
  if (!kind) return undefined
  const bounds = [
    schema.minimum === undefined ? '' : `at least ${schema.minimum}`,
    schema.maximum === undefined ? '' : `at most ${schema.maximum}`
  ]
  const hint = [schema.description, bounds.filter(Boolean).join(', ')].filter(Boolean).join('; ')
  return {
    name,
    kind,
    required,
    hint: hint || undefined,
    choices: (schema.enum ?? []).map(String),
    initial: schema.default
  }
}

function kindOf({ type, enum: choices }: Schema): FormField['kind'] | undefined {
  if (choices?.every(choice => typeof choice === 'string')) return 'choice'
  if (type === 'string') return 'text'
  if (type === 'number' || type === 'integer') return 'number'
  return type === 'boolean' ? 'flag' : undefined
}
